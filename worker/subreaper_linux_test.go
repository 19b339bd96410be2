package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
)

// A start script may leave a process running and then execute Understudy.
func TestSubreaper_ReapsOrphansOfOthers(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	file, begin, done := filepath.Join(dir, "log"), filepath.Join(dir, "begin"), filepath.Join(dir, "done")
	h := hostOf(t, dir, m, "polite", file)
	h.Subreaper = true
	h.Helper = fmt.Sprintf("until [ -e %s ]; do sleep 0.01; done; for i in $(seq 50); do (sleep 0.01 &); done; echo done >%s", begin, done)
	cmd, guard := launch(t, "helped", h, contains(file, "ready"))
	appendLine(begin, "")
	waitFor(t, "the helper's orphans", contains(done, "done"))
	waitFor(t, "all of them and the helper to be reaped", func() bool {
		return slices.Equal(childrenOf(cmd.Process.Pid), []int{guard})
	})

	// It does not reap a guard: Run still sees the guard's death.
	_ = unix.Kill(guard, unix.SIGKILL)
	waitFor(t, "the command to be restarted", func() bool { return count(file, "ready") >= 2 })
}

func TestSubreaper_SparesEarlierChildren(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "forest", "20", "setsid", file)
	h.Restart, h.Subreaper = config.RestartNever, true
	h.Helper = "exec setsid sleep 4242"
	cmd, guard := launch(t, "helped", h, contains(file, "ready"))
	var others []int
	waitFor(t, "the helper", func() bool {
		others = slices.DeleteFunc(childrenOf(cmd.Process.Pid), func(pid int) bool { return pid == guard })
		return len(others) == 1 && commOf(others[0]) == "sleep"
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
	waitFor(t, "Run to return", contains(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
	wantGone(t, m)
	if n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0); n != 0 {
		t.Error("what a start script had left running was killed with the command")
	}
}

// commOf returns the name that the kernel has for a process.
func commOf(pid int) string {
	comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(comm))
}
