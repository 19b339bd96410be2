//go:build unix

package guard

import (
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/exitcode"
)

// exitedMessage returns the message about the end of a command, of which nothing is left.
func exitedMessage(status unix.WaitStatus, why Why, left int) message {
	code := status.ExitStatus()
	if status.Signaled() {
		code = exitcode.Signal + int(status.Signal())
	}
	return message{kind: msgExited, numbers: []int64{int64(code), int64(why), int64(left)}}
}
