//go:build unix

package guard

import (
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/exitcode"
)

// exitedMessage returns the message about the end of a command, of which nothing is left.
func exitedMessage(run int64, status unix.WaitStatus, why Why, left int, kept bool) message {
	code, signal := status.ExitStatus(), 0
	if status.Signaled() {
		signal = int(status.Signal())
		code = exitcode.Signal + signal
	}
	m := message{kind: msgExited, run: run, numbers: []int64{int64(code), int64(why), int64(left), int64(signal), 0}}
	if kept {
		m.numbers[4] = 1
	}
	return m
}
