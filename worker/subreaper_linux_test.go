package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A start script may leave something running and then become Understudy.

func TestOrphansOfOthersAreBuried(t *testing.T) {
	dir, m := t.TempDir(), mark()
	file, begin, done := filepath.Join(dir, "log"), filepath.Join(dir, "begin"), filepath.Join(dir, "done")
	h := hostOf(t, dir, m, "polite", file)
	h.Subreaper = true
	h.Helper = fmt.Sprintf("until [ -e %s ]; do sleep 0.01; done; for i in $(seq 50); do (sleep 0.01 &); done; echo done >%s", begin, done)
	cmd, guard := launch(t, "helped", h, holds(file, "ready"))
	note(begin, "")
	until(t, "the helper's orphans", holds(done, "done"))
	until(t, "all of them and the helper to be buried", func() bool {
		return slices.Equal(childrenOf(cmd.Process.Pid), []int{guard})
	})

	// Nor is a guard buried: its command's end is known.
	_ = unix.Kill(guard, unix.SIGKILL)
	until(t, "the command to be restarted", func() bool { return times(file, "ready") >= 2 })
}

func TestEarlierChildrenAreNoOrphansOfTheCommand(t *testing.T) {
	dir, m := t.TempDir(), mark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "forest", "20", "setsid", file)
	h.Restart, h.Subreaper = Never, true
	h.Helper = "exec setsid sleep 4242"
	cmd, guard := launch(t, "helped", h, holds(file, "ready"))
	var others []int
	until(t, "the helper", func() bool {
		others = slices.DeleteFunc(childrenOf(cmd.Process.Pid), func(pid int) bool { return pid == guard })
		return len(others) == 1 && command(others[0]) == "sleep"
	})
	fd, err := unix.PidfdOpen(others[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		_ = unix.Close(fd)
	})
	_ = unix.Kill(guard, unix.SIGKILL)
	until(t, "Run to return", holds(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
	wantGone(t, m)
	if n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0); n != 0 {
		t.Error("what a start script had left running was killed with the command")
	}
}

// command is what the kernel calls a process.
func command(pid int) string {
	comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(comm))
}
