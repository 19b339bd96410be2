//go:build unix

package guard

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// maxFiles is how many files one message passes at most.
const maxFiles = 2

var errFiles = errors.New("guard: files were lost on their way")

// writeWith writes b to a socket, and passes the files along with its first bytes.
func writeWith(conn *os.File, b []byte, files []*os.File) error {
	if len(files) > 0 {
		var fds []int
		for _, f := range files {
			fds = append(fds, int(f.Fd()))
		}
		raw, err := conn.SyscallConn()
		if err != nil {
			return err
		}
		n := 0
		waitErr := raw.Write(func(fd uintptr) bool {
			for {
				n, err = unix.SendmsgN(int(fd), b, unix.UnixRights(fds...), nil, 0)
				if !errors.Is(err, unix.EINTR) {
					return !errors.Is(err, unix.EAGAIN)
				}
			}
		})
		if err := errors.Join(waitErr, err); err != nil {
			return err
		}
		b = b[n:]
	}
	_, err := conn.Write(b)
	return err
}

// readWith reads from a socket once, and returns the descriptors that were passed along.
func readWith(fd int, b []byte) (n int, fds []int, err error) {
	oob := make([]byte, unix.CmsgSpace(4*maxFiles))
	n, oobn, flags, _, err := unix.Recvmsg(fd, b, oob, receiveFlags)
	if err != nil {
		return 0, nil, err
	}
	list, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		return 0, nil, err
	}
	for _, m := range list {
		some, err := unix.ParseUnixRights(&m)
		if err != nil {
			return 0, nil, err
		}
		for _, fd := range some {
			unix.CloseOnExec(fd)
		}
		fds = append(fds, some...)
	}
	if flags&unix.MSG_CTRUNC != 0 { // too many descriptors are open
		return 0, nil, errFiles
	}
	return n, fds, nil
}
