package guard

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// useUpDescriptors lets this process open no descriptor until restore is called.
func useUpDescriptors(t *testing.T) (restore func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}
}

func TestStart_NamesTheLimitOfDescriptors(t *testing.T) {
	restore := useUpDescriptors(t)
	g, err := Start(t.Context(), ToStdout)
	restore()
	if err == nil {
		g.Abort()
	}
	if !errors.Is(err, syscall.EMFILE) || !strings.Contains(err.Error(), "RLIMIT_NOFILE") {
		t.Errorf("%v, want the limit's name", err)
	}
}

func TestKillLeftovers_GoesOnWhileItCannotScan(t *testing.T) {
	const mark = "UNDERSTUDY_TEST_MARK=leftovers"
	dead := exec.Command("sleep", "1000") // takes the place of a guard
	dead.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	left := exec.Command("sleep", "1000")
	left.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	left.Env = []string{mark}
	for _, cmd := range []*exec.Cmd{dead, left} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill(); _, _ = cmd.Process.Wait() }()
	}
	for marked := false; !marked; { // the kernel shows an environment a moment later
		marked, _ = hasMark(left.Process.Pid, mark)
	}
	_ = unix.Kill(dead.Process.Pid, unix.SIGKILL)
	awaitDeath(dead.Process.Pid)

	g := &Guard{pid: dead.Process.Pid, mark: mark}
	ended := make(chan struct{})
	restore := useUpDescriptors(t)
	guards.Lock()
	_, err := family(g.pid, mark)
	guards.Unlock()
	names := g.Survivors()
	go func() {
		defer close(ended)
		killLeftovers(g.pid, mark)
	}()
	select {
	case <-ended:
		t.Error("killLeftovers ended without one scan")
	case <-time.After(50 * time.Millisecond): // can only hide a failure, never make one
	}
	restore()
	if err == nil || len(names) == 0 {
		t.Errorf("family's error is %v and the survivors are %v, want an error and its text", err, names)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("killLeftovers does not end")
	}
	if p, err := readProcess(left.Process.Pid); err != errNone && !p.dead() {
		t.Errorf("outlives killLeftovers: %+v, %v", p, err)
	}
}
