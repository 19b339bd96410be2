//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
)

// startDemo starts the demo in a process group of its own, as a shell does.
func startDemo(t *testing.T, p *program) (demo *process, tmp string) {
	tmp = t.TempDir()
	return p.start("demo", []string{"TMPDIR=" + tmp}, []string{"demo"}, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}), tmp
}

// leavesNothing checks that the demo leaves neither a process nor a file.
func leavesNothing(t *testing.T, p *program, tmp string) {
	t.Helper()
	testkit.Until(t, "no process to be left", func() bool { return len(p.left()) == 0 }) // a guard may need a moment to end
	if files, err := os.ReadDir(tmp); err != nil || len(files) > 0 {
		t.Errorf("files are left: %v, %v", files, err)
	}
}

func TestDemo_ShowsBothTakeoversAndLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	begun := time.Now()
	demo, tmp := startDemo(t, p)
	code, out, log := demo.exit(), demo.read(demo.out), demo.read(demo.log)
	if took := time.Since(begun); code != 0 || log != "" || took > 30*time.Second {
		t.Errorf("exit code %d after %v, stderr %q", code, took, log)
	}
	leavesNothing(t, p, tmp)
	for _, want := range []string{
		`Short timings`, `standing by for`, `SIGKILL to A`, `[BC] works in term 2, [0-9.]+m?s later`,
		`SIGTERM to [BC]`, `[BC] works in term 3, [0-9.]+m?s later`,
		`term 1  held by A .* crashed`, `term 2  held by [BC] .* stopped`, `term 3  held by [BC] .* stopped`,
		`Taken over [0-9.]+m?s after SIGKILL, [0-9.]+m?s after SIGTERM\. Nothing is left behind`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colours, where there is no terminal")
	}
}

func TestDemo_InterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, when string
		group      bool // the signal goes to the process group, as Ctrl-C of a terminal does
	}{
		{"at the start", "Starting A", true},
		{"while nobody is active", "SIGKILL to A", true},
		{"the demo alone", "works in term 2", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			demo, tmp := startDemo(t, p)
			testkit.Until(t, tt.when, func() bool { return strings.Contains(demo.read(demo.out), tt.when) })
			pid := demo.cmd.Process.Pid
			if tt.group {
				pid = -pid
			}
			if err := unix.Kill(pid, unix.SIGINT); err != nil {
				t.Fatal(err)
			}
			if code := demo.exit(); code != 0 {
				t.Errorf("exit code %d:\n%s", code, demo.read(demo.log))
			}
			leavesNothing(t, p, tmp)
		})
	}
}
