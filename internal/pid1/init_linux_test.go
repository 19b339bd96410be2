package pid1

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

func TestInit_ExitsWithTheProgramsCode(t *testing.T) {
	needNamespaces(t)
	for _, tt := range []struct {
		mode string
		args []string
		want int
	}{
		{"exit", []string{"0"}, 0},
		{"exit", []string{"42"}, 42},
		{"killed", nil, 128 + 9},
		{"zombies", nil, 7},
	} {
		t.Run(strings.Join(append([]string{tt.mode}, tt.args...), " "), func(t *testing.T) {
			cmd, out := contained(t, tt.mode, tt.args...)
			if got := code(cmd.Run()); got != tt.want {
				t.Errorf("exit code %d, want %d; its output: %s", got, tt.want, out)
			}
		})
	}
}

func TestInit_ExitsLast(t *testing.T) {
	needNamespaces(t)
	file := filepath.Join(t.TempDir(), "done")
	cmd, out := contained(t, "orphan", file)
	if got := code(cmd.Run()); got != 6 {
		t.Errorf("exit code %d, want 6; its output: %s", got, out)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("init exited before an orphan had finished: %v", err)
	}
}

func TestInit_DoesNotWaitForOtherProcessesForEver(t *testing.T) {
	needNamespaces(t)
	cmd, out := contained(t, "other")
	if got := code(runWithin(t, cmd)); got != 6 {
		t.Errorf("exit code %d, want 6; its output: %s", got, out)
	}
}

func TestInit_WaitsForAGuard(t *testing.T) {
	needNamespaces(t)
	file := filepath.Join(t.TempDir(), "done")
	cmd, out := contained(t, "guard", file)
	if got := code(runWithin(t, cmd)); got != 6 {
		t.Errorf("exit code %d, want 6; its output: %s", got, out)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("init exited before the guard had finished: %v", err)
	}
}

// Whoever orders a stop twice does not want to wait.
func TestInit_SignalAfterTheProgramsEndEndsTheWait(t *testing.T) {
	needNamespaces(t)
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGQUIT} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			cmd, out := contained(t, "eternal")
			ended := make(chan struct{})
			go func() {
				for {
					select {
					case <-ended:
						return
					case <-time.After(10 * time.Millisecond):
						if strings.Contains(out.String(), "guarding") {
							_ = cmd.Process.Signal(sig)
						}
					}
				}
			}()
			got := code(runWithin(t, cmd))
			close(ended)
			if got != 6 && got != 128+int(sig) { // the first signal may have met the program itself
				t.Errorf("exit code %d, want 6; its output: %s", got, out)
			}
		})
	}
}

func TestInit_ForwardsSignals(t *testing.T) {
	needNamespaces(t)
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			cmd, pipe := startPiped(t, "signal")
			defer cmd.Process.Kill()
			var ready, got string
			if _, err := fmt.Fscanln(pipe, &ready); err != nil || ready != "ready" {
				t.Fatalf("the program printed %q, %v; want ready", ready, err)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest := new(bytes.Buffer)
			_, _ = rest.ReadFrom(pipe)
			got = strings.TrimSpace(rest.String())
			if got != sig.String() {
				t.Errorf("the program got %q, want %q", got, sig)
			}
			if got := code(cmd.Wait()); got != 5 {
				t.Errorf("exit code %d, want 5", got)
			}
		})
	}
}

func TestInit_ResumesAStoppedProgram(t *testing.T) {
	needNamespaces(t)
	for _, tt := range []struct {
		name   string
		stop   syscall.Signal // to the program
		order  syscall.Signal // to init, once the program is stopped
		then   string         // what the program prints
		goesOn bool
	}{
		{"by Ctrl-Z", unix.SIGTSTP, 0, "continued", true},
		{"by an order", unix.SIGSTOP, unix.SIGTERM, "terminated", false},
		{"by SIGCONT", unix.SIGSTOP, unix.SIGCONT, "continued", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd, pipe := startPiped(t, "job")
			defer cmd.Process.Kill()
			timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
			next := waitForLines(t, pipe)
			next("ready")
			program, err := procfs.Children(strconv.Itoa(cmd.Process.Pid))
			if err != nil || len(program) != 1 {
				t.Fatalf("init's children: %v, %v", program, err)
			}
			pid := program[0]
			if err := unix.Kill(pid, tt.stop); err != nil {
				t.Fatal(err)
			}
			if tt.order != 0 {
				for !stopped(pid) {
					time.Sleep(time.Millisecond)
				}
				if err := cmd.Process.Signal(tt.order); err != nil {
					t.Fatal(err)
				}
			}
			next(tt.then)
			if tt.goesOn {
				if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
			_, _ = io.Copy(io.Discard, pipe)
			if got := code(cmd.Wait()); got != 5 {
				t.Errorf("exit code %d, want 5", got)
			}
		})
	}
}

// stopped reports whether a process is stopped, or has ended.
func stopped(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") T "))
}
