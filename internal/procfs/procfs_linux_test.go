package procfs

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

func TestChildren_ReturnsThoseOfAllThreads(t *testing.T) {
	var want []int
	for range 3 {
		started := make(chan int)
		go func() {
			runtime.LockOSThread() // when a thread ends, its children go to another one
			defer close(started)
			cmd := exec.Command("sleep", "1000")
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			started <- cmd.Process.Pid
			<-started // keeps the thread
		}()
		want = append(want, <-started)
		defer func() { started <- 0 }()
	}
	for _, process := range []string{"self", strconv.Itoa(os.Getpid())} {
		got, err := Children(process)
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("children of %s: %v, %v; want %v", process, got, err, want)
		}
	}
}

func TestChildren_ReturnsADeadChildUntilItIsReaped(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	if got, err := Children("self"); err != nil || !slices.Equal(got, []int{cmd.Process.Pid}) {
		t.Errorf("children: %v, %v; want %d", got, err, cmd.Process.Pid)
	}
	_ = cmd.Wait()
	if got, err := Children("self"); err != nil || len(got) > 0 {
		t.Errorf("children: %v, %v; want none", got, err)
	}
}

func TestChildren_OfNoSuchProcessIsAnError(t *testing.T) {
	if list, err := Children("0"); err == nil {
		t.Errorf("children of process 0: %v", list)
	}
}
