package procfs

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// siginfo is the kernel's siginfo_t, as waitid fills it in.
type siginfo struct {
	signo, errno, code int32
	_                  [0]uintptr
	pid                int32
	_                  [128]byte
}

// Peek returns a dead child that is not reaped, and does not reap it. It returns 0
// if no such child is dead, and -1 if there is no such child. idtype and id choose
// the children as they do for waitid. Peek makes a raw system call and does not
// allocate.
func Peek(idtype, id int) int {
	var info siginfo
	_, _, errno := unix.RawSyscall6(unix.SYS_WAITID, uintptr(idtype), uintptr(id), uintptr(unsafe.Pointer(&info)),
		unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, 0, 0)
	switch {
	case errno == unix.ECHILD:
		return -1
	case errno != 0:
		return 0
	}
	return int(info.pid)
}
