package guard

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

// forkOrphan starts a child that nobody waits for, like an orphan that this process
// has adopted, and returns when it is dead.
func forkOrphan(t *testing.T) (pid int) {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "exit 3"}, &syscall.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	awaitDeath(pid)
	return pid
}

func TestReapOrphans_SparesChildrenThatSomebodyWaitsFor(t *testing.T) {
	if !hasHandles() {
		t.Skip("no pidfds here: nothing is reaped")
	}
	guard := forkOrphan(t)
	guards.Lock()
	guards.pids = map[int]bool{guard: true}
	guards.Unlock()
	cmd := exec.Command("/bin/sh", "-c", "exit 4")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitDeath(cmd.Process.Pid)
	proc, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 5"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	awaitDeath(proc.Pid)
	orphans := []int{forkOrphan(t), forkOrphan(t)} // listed after all of those

	reapOrphans()
	for _, pid := range orphans {
		if procfs.Peek(unix.P_PID, pid) != -1 {
			t.Errorf("orphan %d is not reaped", pid)
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 4 {
		t.Errorf("the command of package os/exec ended with %v, want exit code 4", err)
	}
	if state, err := proc.Wait(); err != nil || state.ExitCode() != 5 {
		t.Errorf("the process of package os ended with %v, %v, want exit code 5", state, err)
	}
	var status unix.WaitStatus
	if !reapChild(guard, &status) || status.ExitStatus() != 3 {
		t.Error("the guard was reaped by somebody else")
	}
	guards.Lock()
	delete(guards.pids, guard)
	guards.Unlock()
}
