package pid1

import (
	"io"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

// fragile starts a program with a guard and another child below init. next waits
// until the program prints a line, and end until init has exited.
func fragile(t *testing.T) (end func() int, program, guard int, next func(want string)) {
	t.Helper()
	needNamespaces(t)
	cmd, pipe := startPiped(t, "fragile")
	timer := time.AfterFunc(30*time.Second, func() {
		t.Error("init still waits")
		_ = cmd.Process.Kill()
	})
	t.Cleanup(func() { timer.Stop(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	next = waitForLines(t, pipe)
	next("ready")
	list, err := procfs.Children(strconv.Itoa(cmd.Process.Pid))
	if err != nil || len(list) != 1 {
		t.Fatalf("init's children: %v, %v", list, err)
	}
	program = list[0]
	list, err = procfs.Children(strconv.Itoa(program))
	for _, pid := range list {
		if isGuard(pid) {
			guard = pid
		}
	}
	if err != nil || guard == 0 {
		t.Fatalf("the program's children: %v, %v", list, err)
	}
	return func() int { _, _ = io.Copy(io.Discard, pipe); return code(cmd.Wait()) }, program, guard, next
}

func send(t *testing.T, pid int, sig unix.Signal) {
	t.Helper()
	if err := unix.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, pid int, want string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		state, _ := stateOf(pid)
		if state == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d is in state %q, want %q", pid, state, want)
		}
	}
}

func TestInit_KillsEverybodyWhenTheGuardOfAnEndedProgramIsKilled(t *testing.T) {
	end, program, guard, _ := fragile(t)
	send(t, program, unix.SIGTERM)
	await(t, program, "")
	send(t, guard, unix.SIGKILL)
	if got := end(); got != 5 {
		t.Errorf("exit code %d, want the program's own, 5", got)
	}
}

// Nobody else can end what they left.
func TestInit_KillsEverybodyWhenProgramAndGuardFail(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func(t *testing.T, program, guard int)
	}{
		{"both killed", func(t *testing.T, program, guard int) {
			send(t, program, unix.SIGKILL)
			send(t, guard, unix.SIGKILL)
		}},
		{"both killed, the guard first", func(t *testing.T, program, guard int) {
			send(t, guard, unix.SIGKILL)
			send(t, program, unix.SIGKILL)
		}},
		{"the guard killed while the program is stopped", func(t *testing.T, program, guard int) {
			send(t, program, unix.SIGSTOP)
			await(t, program, "T")
			send(t, guard, unix.SIGKILL)
		}},
		{"the program stopped after the guard was killed", func(t *testing.T, program, guard int) {
			send(t, guard, unix.SIGKILL)
			await(t, guard, "Z")
			send(t, program, unix.SIGSTOP)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			end, program, guard, _ := fragile(t)
			tt.fail(t, program, guard)
			if got := end(); got != 128+9 {
				t.Errorf("exit code %d, want 137", got)
			}
		})
	}
}

// A guard that exits by itself has left nothing.
func TestInit_SparesAProgramWhoseGuardExitedByItself(t *testing.T) {
	end, program, guard, next := fragile(t)
	send(t, program, unix.SIGSTOP)
	await(t, program, "T")
	send(t, guard, unix.SIGUSR1)
	await(t, guard, "Z")
	time.Sleep(2 * scanEvery) // can only hide a failure, never make one
	send(t, program, unix.SIGCONT)
	next("continued")
	send(t, program, unix.SIGKILL) // init would wait for the other child otherwise
	if got := end(); got != 128+9 {
		t.Errorf("exit code %d, want 137", got)
	}
}
