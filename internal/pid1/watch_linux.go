package pid1

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

// watchEvery is how often new guards are looked for. Of those that are known, a
// pidfd tells the end.
const watchEvery = time.Second

// watch ends all that is left when nobody else is there to do it: a guard died, and
// so did the program, or it is stopped and cannot sweep up what the guard left.
// While a guard lives, that does it; one that has exited by itself has left nothing.
func (i *initProcess) watch() {
	if i.pid == 0 {
		if i.failed && !guarded() {
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

// await has guardDied tell the end of a guard.
func (i *initProcess) await(pid int) {
	if i.watched[pid] {
		return
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return // the next look has it dead
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

func isGuard(pid int) bool {
	comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return string(comm) == GuardName+"\n"
}

// stateOf returns a process's state, "" if there is none, and if it is dead the status
// that it left.
func stateOf(pid int) (state string, status int) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	f := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
	if len(f) < 50 {
		return "", 0
	}
	status, _ = strconv.Atoi(f[49])
	return f[0], status
}
