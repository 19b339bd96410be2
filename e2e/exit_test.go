//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

func TestFinalExit_EndsEveryInstanceWithItsCode(t *testing.T) {
	both(t, func(t *testing.T, at place) { finalExit(t, at, "never", "exit 3", 3) })
}

func TestFinalExit_OfEachKind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, restart, end string
		code               int
	}{
		{"never, success", "never", "exit 0", 0},
		{"on-failure, success", "on-failure", "exit 0", 0},
		{"never, SIGTERM", "never", "kill -TERM $$", 128 + 15},
		{"never, SIGKILL", "never", "kill -KILL $$", 128 + 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			finalExit(t, onSQLite(t), tt.restart, tt.end, tt.code)
		})
	}
}

// finalExit lets a command exit for good while peers stand by, and starts one more
// instance afterwards. All of them have to end with the code of the command.
func finalExit(t *testing.T, at place, restart, end string, code int) {
	g := newGroup(t, at, enduring, "UNDERSTUDY_RESTART="+restart)
	file := filepath.Join(t.TempDir(), "end")
	g.command = []string{"sh", "-c", "while [ ! -e '" + file + "' ]; do sleep 0.02; done; " + end}
	a := g.join("a")
	a.await("command started")
	for _, name := range []string{"b", "c"} {
		g.join(name).await("standing by for")
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, m := range g.members {
		if got := m.exit(); got != code {
			t.Errorf("%s ended with %d, want %d", m.name, got, code)
		}
	}
	late := g.join("late") // it begins the next term
	if got := late.exit(); got != code || !late.logged("active in term 2") {
		t.Errorf("the instance that came later ended with %d, want %d and term 2", got, code)
	}
	g.check()
	terms := g.unregistered()
	if len(terms) != 2 {
		t.Errorf("%d terms, want 2", len(terms))
	}
	for _, term := range terms {
		if term.End != (registry.End{Reason: registry.WorkDone, ExitCode: code}) {
			t.Errorf("term %d ended by %+v", term.Number, term.End)
		}
	}
}

func TestRestart_OnFailureUntilSuccess(t *testing.T) {
	t.Parallel()
	g := newGroup(t, onSQLite(t), enduring, "UNDERSTUDY_RESTART=on-failure")
	file := filepath.Join(t.TempDir(), "tried")
	g.command = []string{"sh", "-c", fmt.Sprintf("[ -e %[1]s ] || { touch %[1]s; exit 5; }", file)}
	a := g.join("a")
	if code := a.exit(); code != 0 || a.logs("command started") != 2 || !a.logged(`"code":5`) {
		t.Errorf("exit code %d after %d starts, want 0 after 2", code, a.logs("command started"))
	}
	g.check()
}

func TestCommand_IsResolvedByAPassiveInstanceToo(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, enduring)
		g.joinAll("a")
		for command, want := range map[string]int{"/no/such/command": exitNotFound, "/etc/passwd": exitNotExecutable} {
			code, stdout, stderr := g.outcome(g.env, []string{"--", command})
			if code != want || stdout != "" {
				t.Errorf("%s: exit code %d, stdout %q, want %d", command, code, stdout, want)
			}
			testkit.WantLine(t, stderr, "understudy: ", command)
		}
		g.conclude()
	})
}

func TestSignals_SecondSIGTERMKillsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		timing := registry.Timing{Interval: 200 * time.Millisecond, OrphanAfter: 60 * time.Second, StopGrace: 30 * time.Second}
		g := newGroup(t, at, timing, "linger=1h")
		a := g.joinAll("a")[0]
		g.workOf(1, 2)
		a.signal(unix.SIGTERM)
		a.await("stopping the command")
		begun := time.Now()
		a.signalAgain(unix.SIGTERM)
		if code := a.exit(); code != 0 || time.Since(begun) > timing.StopGrace/2 {
			t.Errorf("exit code %d after %v", code, time.Since(begun))
		}
		if !a.logged("whatever is left of the work is killed") {
			t.Error("the log does not say that the work is killed")
		}
		g.conclude()
	})
}

// A process that is being traced does not go away before its tracer lets it, not
// even after SIGKILL.
func TestExitCode_WorkThatCannotBeStoppedIs70(t *testing.T) {
	t.Parallel()
	g := newGroup(t, onSQLite(t), quick, "escapee=")
	a := g.joinAll("a", "b")[0]
	s := g.work(1)
	pid := ""
	files, _ := filepath.Glob(filepath.Join(g.spans, "1."+s.instance+".*"))
	if len(files) != 1 {
		t.Fatalf("want one process, have %v", files)
	}
	pid = files[0][strings.LastIndex(files[0], ".")+1:]

	tracer := exec.Command("/proc/self/exe", pid)
	tracer.Env = append(os.Environ(), testkit.EnvRole+"=tracer")
	in, err1 := tracer.StdinPipe()
	out, err2 := tracer.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	release := func() {
		in.Close()
		_ = tracer.Wait()
	}
	defer release()
	line := make([]byte, 100)
	if n, _ := out.Read(line); string(line[:n]) != "holding\n" {
		t.Skipf("no process can be traced here: %s", line[:n])
	}

	a.signal(unix.SIGTERM)
	if code := a.exit(); code != exitStuck {
		t.Errorf("exit code %d, want %d", code, exitStuck)
	}
	for _, want := range []string{"the work does not stop", "term 1 stays open"} {
		if !a.logged(want) {
			t.Errorf("the log does not say: %s", want)
		}
	}
	g.work(2) // after T, because nobody ended the term
	release()
	b := g.members[1]
	b.signal(unix.SIGTERM)
	if code := b.exit(); code != 0 {
		t.Errorf("b ended with %d", code)
	}
	g.check()
}
