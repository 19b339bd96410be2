package guard

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// children lists the children of this process's main thread, which alone forks
// and adopts. The listing may miss some while others exit; ECHILD is the proof.
type children struct {
	fd   int
	buf  [8 << 10]byte
	more bool // there was more to reap than one round does
}

func openChildren() (children, error) {
	if err := checkProc(); err != nil {
		return children{}, err
	}
	fd, err := unix.Open("/proc/thread-self/children", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return children{}, fmt.Errorf("/proc/thread-self/children: %w", err)
	}
	return children{fd: fd}, nil
}

// each calls f with the children. It does not allocate.
func (c *children) each(f func(pid int)) {
	_, _, _ = unix.RawSyscall(unix.SYS_LSEEK, uintptr(c.fd), 0, unix.SEEK_SET)
	for pid := 0; ; {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(&c.buf)), unsafe.Sizeof(c.buf))
		if errno != 0 || n == 0 {
			return
		}
		for _, b := range c.buf[:n] {
			if '0' <= b && b <= '9' {
				pid = 10*pid + int(b-'0')
			} else if pid != 0 {
				f(pid)
				pid = 0
			}
		}
	}
}

// maxReap bounds the reaping between two rounds of killing: those who fork
// faster than they are reaped must not keep us from killing.
const maxReap = 64

// reap buries the adopted orphans that died, and notes the command's own end.
func (s *server) reap() {
	s.kids.more = false
	if s.dead && s.phase == stopping {
		s.linger()
		return
	}
	if s.phase != running && s.phase != stopping {
		return
	}
	for range maxReap {
		switch pid := peek(unix.P_ALL, 0); pid {
		case 0, -1:
			return
		case s.pid:
			s.dead = true
			if s.phase == stopping {
				s.linger()
				return
			}
			s.kill(Itself)
			return
		default:
			bury(pid, nil)
		}
	}
	s.kids.more = true
}

// linger leaves the rest of the command's group, which got SIGTERM too, what is
// left of the grace after the command itself exited: a shell dies at once, what
// it started may have something to finish. The command's zombie is kept, so
// that its group's number stays its own.
func (s *server) linger() {
	waiting := false
	s.kids.each(func(pid int) {
		if pid == s.pid || bury(pid, nil) {
			return
		}
		pgid, _, _ := unix.RawSyscall(unix.SYS_GETPGID, uintptr(pid), 0, 0)
		waiting = waiting || int(pgid) == s.pid
	})
	if !waiting {
		s.kill(s.why)
	}
}

// round kills everybody that is there and buries some of the dead. It reports
// whether nobody is left. It makes raw system calls and does not allocate.
func (s *server) round() (gone bool) {
	begin, some := boottime.Now(), false
	if begin-s.since > hurryAfter && !s.hurried {
		s.hurried = true
		hurry()
	}
	defer func() { s.nap = napAfter(s.nap, boottime.Now()-begin, some) }()
	if s.pid != 0 {
		sigkill(-s.pid)
	}
	s.kids.each(func(pid int) {
		if peek(unix.P_PID, pid) == 0 { // a living child, and nobody else's number
			sigkill(pid)
		}
	})
	for range maxReap {
		if s.pid != 0 && peek(unix.P_PID, s.pid) == s.pid {
			s.release()
		}
		pid := peek(unix.P_ALL, 0)
		if pid == -1 {
			return true
		}
		if pid == 0 {
			return false
		}
		some = true
		if pid != s.pid {
			bury(pid, nil)
		}
	}
	return false
}

// release lets the dead command's number go, and its group's: after this,
// nothing may be sent to either. The kernel's timer has nobody left to hit but
// this process, which may have a long sweep before it.
func (s *server) release() {
	sigkill(-s.pid)
	s.tie.loosen()
	_ = s.fuse.Disarm()
	bury(s.pid, &s.status)
	s.pid = 0
}

// siginfo is the kernel's siginfo_t, as waitid fills it.
type siginfo struct {
	signo, errno, code int32
	_                  [0]uintptr
	pid                int32
	_                  [128]byte
}

// peek returns a dead child that is not buried, without burying it: 0 for none,
// -1 if there is no such child at all.
func peek(idtype, id int) int {
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

// bury takes a dead child's status, and reports whether it was dead.
func bury(pid int, status *unix.WaitStatus) bool {
	var ws uint32
	got, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, uintptr(pid), uintptr(unsafe.Pointer(&ws)), unix.WNOHANG|unix.WALL, 0, 0, 0)
	if errno != 0 || int(got) != pid {
		return false
	}
	if status != nil {
		*status = unix.WaitStatus(ws)
	}
	return true
}

func sigkill(pid int) {
	_, _, _ = unix.RawSyscall(unix.SYS_KILL, uintptr(pid), uintptr(unix.SIGKILL), 0)
}

// hurryAfter is how long it kills before it hurries. 500 processes in sessions
// of their own die in 45 ms without, and in 110 ms with it.
const hurryAfter = 500 * time.Millisecond

// hurry puts this thread before all ordinary ones, where that is permitted:
// processes that fork for ever can outrun a loop that has to share. Those that
// merely have to die need the processor themselves.
func hurry() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
}
