package boottime

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestMain runs the test binary also as a child that arms a timer for itself.
func TestMain(m *testing.M) {
	switch os.Getenv("UNDERSTUDY_TEST_KILLTIMER") {
	case "frozen":
		armTimer(200 * time.Millisecond)
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Minute) // SIGSTOP may take effect a moment later
	case "past":
		armTimer(-time.Second)
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

// armTimer arms a timer for this process, or exits with 3.
func armTimer(in time.Duration) *KillTimer {
	t, err := NewKillTimer()
	if err != nil {
		os.Exit(3)
	}
	if t.Arm(Now()+in) != nil {
		os.Exit(3)
	}
	return t
}

func TestKillTimer_KillsAProcessThatIsFrozenOrLate(t *testing.T) {
	for _, tt := range []struct {
		mode string
		want string
	}{
		{"frozen", "signal: killed"},
		{"past", "signal: killed"},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "UNDERSTUDY_TEST_KILLTIMER="+tt.mode)
			err := cmd.Run()
			if err == nil || err.Error() != tt.want {
				t.Errorf("ended with %v, want %s", err, tt.want)
			}
		})
	}
}

func TestKillTimer_DisarmedHasNoTimeLeft(t *testing.T) {
	timer, err := NewKillTimer()
	if err != nil {
		t.Fatal(err)
	}
	defer timer.Close()
	if err := timer.Arm(Now() + time.Hour); err != nil {
		t.Fatal(err)
	}
	if left := timeLeft(t, timer); left <= 0 || left > time.Hour {
		t.Errorf("armed for an hour, it has %v left", left)
	}
	if err := timer.Disarm(); err != nil {
		t.Fatal(err)
	}
	if left := timeLeft(t, timer); left != 0 {
		t.Errorf("disarmed, it has %v left", left)
	}
}

// timeLeft returns the time until a timer's instant, or 0 if it is not armed.
func timeLeft(t *testing.T, timer *KillTimer) time.Duration {
	t.Helper()
	var spec unix.ItimerSpec
	if _, _, errno := unix.Syscall(unix.SYS_TIMER_GETTIME, uintptr(timer.id), uintptr(unsafe.Pointer(&spec)), 0); errno != 0 {
		t.Fatal("timer_gettime:", errno)
	}
	return time.Duration(spec.Value.Nano())
}
