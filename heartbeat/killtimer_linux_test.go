package heartbeat

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
)

// TestMain lets the test binary run itself as a process that works.
func TestMain(m *testing.M) {
	if mode := os.Getenv("UNDERSTUDY_TEST_HEARTBEAT"); mode != "" {
		workInProcess(mode)
	}
	os.Exit(m.Run())
}

var quick = registry.Timing{Interval: 50 * time.Millisecond, OrphanAfter: 2 * time.Second, StopGrace: 500 * time.Millisecond}

// printingKillTimer prints the instant for which it is armed, once it is: the process may
// be stopped between the two.
type printingKillTimer struct{ killTimer }

func (f printingKillTimer) Arm(at time.Duration) error {
	defer fmt.Println("lease", int64(at))
	return f.killTimer.Arm(at)
}

func workInProcess(mode string) {
	if mode == "no timer" {
		if err := unix.Setrlimit(unix.RLIMIT_SIGPENDING, &unix.Rlimit{}); err != nil {
			panic(err)
		}
	}
	m, err := New(Config{Registry: newStore(time.Now), Group: "g", Timing: quick, Log: zerolog.New(os.Stderr)})
	if err != nil {
		panic(err)
	}
	m.newKillTimer = func() (killTimer, error) {
		f, err := newKillTimer()
		return printingKillTimer{f}, err
	}
	err = m.Run(context.Background(), func(ctx context.Context, t registry.Term) error {
		fmt.Println("working")
		if mode == "freeze" {
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
		<-ctx.Done()
		return ctx.Err()
	})
	fmt.Println("ended:", err)
	os.Exit(3)
}

func TestKillTimer_EndsAFrozenProcessAtTheEndOfItsLease(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "UNDERSTUDY_TEST_HEARTBEAT=freeze")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lease int64
	for in := bufio.NewScanner(out); in.Scan(); {
		_, _ = fmt.Sscanf(in.Text(), "lease %d", &lease)
	}
	after := boottime.Now() - time.Duration(lease)
	err = cmd.Wait()
	if err == nil || err.Error() != "signal: killed" {
		t.Errorf("ended with %v, want a SIGKILL by the kernel", err)
	}
	if after < 0 || lease == 0 {
		t.Errorf("gone %v before the end of its lease", -after)
	}
	t.Logf("gone %v after the end of its lease", after)
}

func TestKillTimer_WorkDoesNotStartWithoutOne(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "UNDERSTUDY_TEST_HEARTBEAT=no timer")
	out, _ := cmd.CombinedOutput()
	if s := string(out); strings.Contains(s, "working") || !strings.Contains(s, "RLIMIT_SIGPENDING") {
		t.Errorf("got\n%s\nwant a refusal that names RLIMIT_SIGPENDING", s)
	}
}
