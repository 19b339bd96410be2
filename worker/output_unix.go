//go:build unix

package worker

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// newPipe makes a pipe whose reading end does not block. Package os would make the
// other end not block either, which programs do not expect of their output.
func newPipe() (pipe, error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	err := syscall.Pipe(fds[:])
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err == syscall.EMFILE || err == syscall.ENFILE {
		return pipe{}, fmt.Errorf("pipe: %w: raise the limit of this process (RLIMIT_NOFILE, ulimit -n) or of the machine", err)
	}
	if err != nil {
		return pipe{}, os.NewSyscallError("pipe", err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		_ = syscall.Close(fds[0])
		_ = syscall.Close(fds[1])
		return pipe{}, os.NewSyscallError("fcntl", err)
	}
	return pipe{r: os.NewFile(uintptr(fds[0]), "output"), w: os.NewFile(uintptr(fds[1]), "output")}, nil
}

// read calls f with what arrives, until the pipe ends, or until stopWaiting was called
// and what was in the pipe then has been read.
func (p pipe) read(f func(chunk []byte)) {
	buf := make([]byte, chunkSize)
	for {
		n, err := p.r.Read(buf)
		if n > 0 {
			f(buf[:n])
		}
		if os.IsTimeout(err) {
			break
		}
		if err != nil {
			return
		}
	}
	raw, err := p.r.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		left, err := unix.IoctlGetInt(int(fd), fionread)
		for err == nil && left > 0 {
			var n int
			if n, err = unix.Read(int(fd), buf[:min(left, len(buf))]); err == unix.EINTR {
				err = nil
				continue
			}
			if n <= 0 {
				return
			}
			left -= n
			f(buf[:n])
		}
	})
}

// stopWaiting has read take what is in the pipe, and wait for nothing more.
func (p pipe) stopWaiting() { _ = p.r.SetReadDeadline(time.Now()) }
