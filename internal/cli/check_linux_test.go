package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestCheck_TellsThatNoGuardCanBeHad(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_SIGPENDING, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_SIGPENDING, &unix.Rlimit{Cur: 0, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_SIGPENDING, &before); err != nil {
			t.Fatal(err)
		}
	}()
	code, stdout, _ := inProcess("check")
	if code != exitcode.Failure || !strings.Contains(stdout, "✗  guard") || !strings.Contains(stdout, "timer_create") {
		t.Errorf("exit code %d, want %d and what cannot be had:\n%s", code, exitcode.Failure, stdout)
	}
}
