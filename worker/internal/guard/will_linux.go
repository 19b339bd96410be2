package guard

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/guardname"
	"github.com/understudy-go/understudy/internal/procfs"
)

// will is what a guard has to carry out the last will of Understudy. A nil will is that of
// a guard that carries out none.
type will struct {
	ledger     int // the file
	understudy int // a pidfd
	slot       int64
}

// Descriptors of a guard that has a will.
const (
	ledgerFD     = 5
	understudyFD = 6
)

// envSlot is in the environment of a guard that has a will.
const envSlot = "SLOT"

// inheritedWill returns the will that this guard was started with.
func inheritedWill() *will {
	n, err := strconv.Atoi(os.Getenv(envSlot))
	if err != nil || n < 0 || n >= maxSlots {
		return nil
	}
	return &will{ledger: ledgerFD, understudy: understudyFD, slot: int64(n)}
}

// atStep is called before each step of a guard that carries out a last will. A test
// replaces it.
var atStep = func(name string) {}

// treeGone says that nothing is left of this guard's command. It must be true: the kernel
// has said that this process has no child (ECHILD).
func (w *will) treeGone() {
	if w != nil {
		atStep("tree gone")
		_, _ = unix.Pwrite(w.ledger, []byte{0}, w.slot)
	}
}

// leave is called before this process exits with a code, which it returns. It carries out
// the last will if Understudy is dead and nothing of any command is left. It takes as long
// as peers wait without a last will, at most: then the kernel kills this process.
func (s *server) leave(code int) int {
	s.endIsolation()
	if s.will == nil || procfs.Peek(unix.P_ALL, 0) != -1 {
		return code
	}
	s.leaving = true
	s.closeFiles()
	_ = s.killTimer.Disarm() // it is for a command, and there is none any more
	s.will.treeGone()
	if !s.isAbandoned() {
		return code
	}
	until := boottime.Now()
	for _, e := range readEntries(s.will.ledger) {
		until = max(until, boottime.Now()+e.OrphanAfter)
	}
	if s.killTimer.Arm(until+lateness) != nil {
		return code
	}
	if left := until - boottime.Now(); left > 0 && s.will.lock(lockSay) {
		say(fmt.Sprintf("Understudy is gone without an orderly end; for up to %v its guard tries to end its terms", left.Round(time.Second)))
	}
	s.will.detach()
	atStep("detached")
	if !awaitReadable(s.will.understudy, until) {
		return code
	}
	atStep("understudy dead")
	if anyTree(s.will.ledger) || len(readEntries(s.will.ledger)) == 0 || !s.will.lock(lockExecute) {
		return code
	}
	atStep("trees gone")
	s.will.execute(until)
	return code
}

// lateness is how long after T this process may live, if it hangs or is frozen.
const lateness = time.Second

// dyingTime is how long the kernel may take between closing two files of a dying process.
// It was more than a second on a machine with fifteen processes for each processor.
const dyingTime = 10 * time.Second

// isAbandoned reports whether Understudy has closed its end of the socket, which it does
// not while it lives. The kernel closes the files of a dead process one after another. It
// may have closed the tie, and so killed the command, long before it closes the socket. A
// living Understudy closes the tie when it orders to kill.
func (s *server) isAbandoned() bool {
	for until := boottime.Now() + dyingTime; ; {
		s.receive()
		switch {
		case hungUp(connFD):
			return true
		case !hungUp(tieFD), s.killOrdered, boottime.Now() >= until:
			return false
		}
		_, _ = unix.Poll([]unix.PollFd{{Fd: connFD, Events: unix.POLLIN}}, 10)
	}
}

// hungUp reports whether the other end of a socket or a pipe is closed. That of the socket
// is not when Understudy merely dismisses this guard: then it can still receive.
func hungUp(fd int32) bool {
	poll := []unix.PollFd{{Fd: fd}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n == 1 && poll[0].Revents&unix.POLLHUP != 0
}

// say writes a line to the standard error, unless that would block. It is the last one:
// what comes of the last will is in the registry.
func say(text string) {
	poll := []unix.PollFd{{Fd: 2, Events: unix.POLLOUT}}
	if n, err := unix.Poll(poll, 0); err == nil && n == 1 && poll[0].Revents == unix.POLLOUT {
		_, _ = unix.Write(2, []byte(guardname.Name+": "+text+"\n"))
	}
}

// detach leaves the files and the directory that this process was started in. Whoever
// waits for the end of Understudy's output, for a lock that it was started with, or for its
// directory, does not wait for this process.
func (w *will) detach() {
	if null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0); err == nil {
		for fd := range 3 {
			_ = unix.Dup3(null, fd, 0)
		}
	}
	_ = unix.Chdir("/")
	list, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range list {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd <= 2 || fd == w.ledger || fd == w.understudy {
			continue
		}
		name, err := os.Readlink("/proc/self/fd/" + entry.Name())
		switch {
		case err != nil:
		case strings.HasPrefix(name, "anon_inode:"): // Go has some; nobody waits for such a one
			continue
		case strings.HasPrefix(name, ledgerName): // with a lock
			continue
		}
		_ = unix.Close(fd)
	}
}

// awaitReadable waits until a pidfd is readable, since the process is dead, and reports
// whether it is. The clock goes on while the machine is suspended.
func awaitReadable(fd int, until time.Duration) bool {
	const most = time.Second
	for {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		left := min(until-boottime.Now(), most)
		if n, _ := unix.Poll(poll, max(int(left.Milliseconds()), 0)); n == 1 {
			return poll[0].Revents&unix.POLLIN != 0
		}
		if boottime.Now() >= until {
			return false
		}
	}
}

// Bytes of the ledger that a guard locks.
const (
	lockExecute = maxSlots     // to carry out the last will
	lockSay     = maxSlots + 1 // to say that there is one
)

// lock reports whether this is the first guard that asks. One is enough, and the lock is
// released when that one ends.
func (w *will) lock(at int64) bool {
	fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", w.ledger), unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return true // several may do it
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: 0, Start: at, Len: 1}
	return unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &lock) == nil // the file stays open
}

// execute has a process carry out the last will. Another one tries again if that ends
// before it is done, and at the end of the time it is killed.
func (w *will) execute(until time.Duration) {
	// systemd sends SIGTERM to what is left of a unit. No command inherits this any more.
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT)
	pause := willPause
	for range maxWillTries {
		atStep("before the process")
		pid, err := syscall.ForkExec(self, []string{guardname.Name, willArg}, &syscall.ProcAttr{
			Env:   []string{"GOMAXPROCS=2", fmt.Sprintf("%s=%d", envUntil, int64(until))},
			Files: []uintptr{0, 1, 2, uintptr(w.ledger)},
			Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
		})
		if err == nil {
			awaitChild(pid, until)
		}
		if len(readEntries(w.ledger)) == 0 || boottime.Now()+pause >= until {
			return
		}
		time.Sleep(pause)
		pause *= 2
	}
}

// The process itself tries again while the registry does not answer, so it ends early only
// if it is killed, or if the program never comes to its last will.
const (
	maxWillTries = 6
	willPause    = 200 * time.Millisecond // before the second try
)

// awaitChild waits for the end of a child, and kills it at an instant.
func awaitChild(pid int, until time.Duration) {
	if fd, err := unix.PidfdOpen(pid, 0); err == nil {
		if !awaitReadable(fd, until) {
			sigkill(pid)
		}
		_ = unix.Close(fd)
	}
	var status unix.WaitStatus
	for {
		if _, err := unix.Wait4(pid, &status, 0, nil); err != unix.EINTR {
			return
		}
	}
}
