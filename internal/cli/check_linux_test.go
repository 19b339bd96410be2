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

func TestCheck_TellsWhichIsolationIsInEffect(t *testing.T) {
	for _, tt := range []struct {
		value string
		lines []string // one of them
		code  int      // with the last one
	}{
		{"none", []string{"✓  isolation      UNDERSTUDY_ISOLATION=none: in effect is none\n"}, exitcode.OK},
		{"cgroup", []string{"✓  isolation      UNDERSTUDY_ISOLATION=cgroup: in effect is cgroup\n", `✗  isolation      prepare: would not start: there is no isolation "cgroup" here: `}, exitcode.Config},
		{"pid", []string{"✓  isolation      UNDERSTUDY_ISOLATION=pid: in effect is pid", `✗  isolation      prepare: would not start: there is no isolation "pid" here: `}, exitcode.Config},
		{"chroot", []string{`✗  configuration  UNDERSTUDY_ISOLATION="chroot": want auto, none, cgroup or pid` + "\n"}, exitcode.Config},
	} {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(t.TempDir(), "registry.db"), "UNDERSTUDY_ISOLATION="+tt.value)
		code, stdout, _ := inProcess("check")
		found := -1
		for i, line := range tt.lines {
			if strings.Contains(stdout, line) {
				found = i
			}
		}
		want := exitcode.OK
		if found == len(tt.lines)-1 {
			want = tt.code
		}
		if found < 0 || code != want {
			t.Errorf("%s: exit code %d, want %d and one of %q in\n%s", tt.value, code, want, tt.lines, stdout)
		}
	}
}
