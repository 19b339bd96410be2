package boottime

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The test binary runs itself: as a child that arms a timer and stops itself.
func TestMain(m *testing.M) {
	switch os.Getenv("UNDERSTUDY_TEST_KILLTIMER") {
	case "frozen":
		armed(200 * time.Millisecond)
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Minute) // the stop may come a moment later
	case "disarmed":
		t := armed(200 * time.Millisecond)
		if t.Disarm() != nil {
			os.Exit(3)
		}
		time.Sleep(400 * time.Millisecond)
		os.Exit(7)
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
		{"disarmed", "exit status 7"},
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
