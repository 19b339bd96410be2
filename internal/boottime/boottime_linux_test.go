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

// The test binary runs itself: as a child that arms a timer and stops itself.
func TestMain(m *testing.M) {
	switch os.Getenv("UNDERSTUDY_TEST_KILLTIMER") {
	case "frozen":
		armed(200 * time.Millisecond)
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Minute) // the stop may come a moment later
	case "past":
		armed(-time.Second)
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

func armed(in time.Duration) *KillTimer {
	t, err := NewKillTimer()
	if err != nil {
		os.Exit(3)
	}
	if t.Arm(Now()+in) != nil {
		os.Exit(3)
	}
	return t
}

func TestKillTimer(t *testing.T) {
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

func TestDisarmedTimerHasNothingLeft(t *testing.T) {
	timer, err := NewKillTimer()
	if err != nil {
		t.Fatal(err)
	}
	defer timer.Close()
	if err := timer.Arm(Now() + time.Hour); err != nil {
		t.Fatal(err)
	}
	if left := left(t, timer); left <= 0 || left > time.Hour {
		t.Errorf("armed for an hour, it has %v left", left)
	}
	if err := timer.Disarm(); err != nil {
		t.Fatal(err)
	}
	if left := left(t, timer); left != 0 {
		t.Errorf("disarmed, it has %v left", left)
	}
}

// left is the time to a timer's instant, as the kernel says; 0 if it is not armed.
func left(t *testing.T, timer *KillTimer) time.Duration {
	t.Helper()
	var spec unix.ItimerSpec
	if _, _, errno := unix.Syscall(unix.SYS_TIMER_GETTIME, uintptr(timer.id), uintptr(unsafe.Pointer(&spec)), 0); errno != 0 {
		t.Fatal("timer_gettime:", errno)
	}
	return time.Duration(spec.Value.Nano())
}
