package pid1

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
	"github.com/understudy-go/understudy/internal/procfs"
)

// scanEvery is how often init scans for new guards. The death of a guard that it
// knows is reported by a pidfd at once.
const scanEvery = time.Second

// watch kills everybody when nobody else can end what is left: a guard was killed,
// and the program was killed too, or is stopped and cannot kill what the guard left.
// While another guard lives, that guard ends its own command. A guard that has exited by
// itself has left nothing.
func (i *initProcess) watch() {
	if i.pid == 0 {
		if i.failed && !hasGuard() {
			killAll()
		}
		return
	}
	list, _ := procfs.Children(strconv.Itoa(i.pid))
	for _, pid := range list {
		if !isGuard(pid) {
			continue
		}
		state, status := stateOf(pid)
		if state != "Z" {
			i.await(pid)
			continue
		}
		if program, _ := stateOf(i.pid); status != 0 && (program == "T" || program == "t") {
			killAll()
		}
	}
}

// killAll kills everybody in this PID namespace but its first process.
func killAll() { _ = unix.Kill(-1, unix.SIGKILL) }

// await sends a guard's PID to guardDied when the guard is dead.
func (i *initProcess) await(pid int) {
	if i.watched[pid] {
		return
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return // the next scan sees that it is dead
	}
	i.watched[pid] = true
	go func() {
		defer unix.Close(fd)
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		for {
			if n, err := unix.Poll(poll, -1); n > 0 || err != unix.EINTR {
				break
			}
		}
		i.guardDied <- pid
	}()
}

// hasGuard reports whether a living child of this process is a guard. Where /proc
// cannot be read there is none, since a guard does not start without it.
func hasGuard() bool {
	list, _ := procfs.Children("self")
	return slices.ContainsFunc(list, func(pid int) bool {
		state, _ := stateOf(pid)
		return isGuard(pid) && state != "Z"
	})
}

func isGuard(pid int) bool {
	comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return string(comm) == guardname.Name+"\n"
}

// stateOf returns the state of a process, or "" if there is none, and the exit
// status of a dead one.
func stateOf(pid int) (state string, status int) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	f := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
	if len(f) < 50 {
		return "", 0
	}
	status, _ = strconv.Atoi(f[49])
	return f[0], status
}
