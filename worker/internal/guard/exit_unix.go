//go:build unix

package guard

import (
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/exitcode"
)

// exitedMessage returns the message about the end of a command, of which nothing is left.
func exitedMessage(run int64, status unix.WaitStatus, why Why, left int, kept bool) message {
	code, signal := exitOf(status)
	m := message{kind: msgExited, run: run, numbers: []int64{int64(code), int64(why), int64(left), int64(signal), 0}}
	if kept {
		m.numbers[4] = 1
	}
	return m
}

// exitOf returns the exit code of a command, which is 128+n after signal n, and the signal.
func exitOf(status unix.WaitStatus) (code, signal int) {
	if !status.Signaled() {
		return status.ExitStatus(), 0
	}
	signal = int(status.Signal())
	return exitcode.Signal + signal, signal
}
