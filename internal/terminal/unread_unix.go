//go:build unix

package terminal

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Unread reports whether out is a pipe or a terminal that nobody reads any more.
func Unread(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	list := []unix.PollFd{{Fd: int32(f.Fd())}} // poll reports errors without being asked for them
	n, err := unix.Poll(list, 0)
	return err == nil && n > 0 && list[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
