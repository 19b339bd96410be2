package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestStatus_ExitCodeFollowsTheGroup(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		check := func(code int, health string) {
			t.Helper()
			for _, args := range []string{"status", "status --all", "status --json"} {
				got, stdout, stderr := inProcess(strings.Fields(args)...)
				if got != code || stderr != "" || !strings.Contains(stdout, health) {
					t.Errorf("%s: exit code %d, want %d and %q in\n%s%s", args, got, code, health, stdout, stderr)
				}
			}
		}
		code, stdout, stderr := inProcess("status")
		if code != exitcode.Failure || !strings.HasPrefix(stdout, "default: no instance: ") {
			t.Errorf("nobody: exit code %d, %q", code, stdout)
		}
		testkit.WantLine(t, stderr, "understudy: the registry is ")

		a := s.join(t, "default", "a")
		check(exitcode.Failure, "no active yet; 1 passive")
		s.begin(t, "default", 1, a, "a")
		check(exitcode.OK, "1 active, 0 passive: nobody would take over")
		s.join(t, "default", "b")
		check(exitcode.OK, "1 active, 1 passive")
		s.end(t, "default", 1, a, registry.End{Reason: registry.Stopped})
		check(exitcode.Failure, "a/"+registry.ShortID(a)+" was stopped; 2 passive")
		s.begin(t, "default", 2, uuid.Must(uuid.NewV7()), "gone")
		check(exitcode.Failure, "is gone; a/"+registry.ShortID(a)+" takes over within 1m00s")
	})
}

func TestStatus_GroupOfDeadInstancesIsNotHealthyAfterTheClockWasSetBack(t *testing.T) {
	testkit.CleanEnv(t)
	eachBackend(t, func(t *testing.T, s testRegistry) {
		t.Parallel() // it waits to see who beats
		a := s.join(t, "default", "a")
		s.begin(t, "default", 1, a, "a")
		s.join(t, "default", "b")
		s.shift(t, 2*time.Hour)
		for _, args := range []string{"status --registry=" + s.uri, "status --all --registry=" + s.uri} {
			code, stdout, _ := inProcess(strings.Fields(args)...)
			if want := "a/" + registry.ShortID(a) + " was not seen to beat, and its heartbeat is "; code != exitcode.Failure || !strings.Contains(stdout, want) || !strings.Contains(stdout, "nobody is there to take over, 1 silent") {
				t.Errorf("%s: exit code %d, want %d and %q in\n%s", args, code, exitcode.Failure, want, stdout)
			}
		}
		code, stdout, stderr := inProcess("handover", "--registry="+s.uri, "--to", "b", "--force")
		if code != exitcode.Failure || stdout != "" || !strings.Contains(stderr, "would read the request: a/") {
			t.Errorf("handover: exit code %d, %q, %q", code, stdout, stderr)
		}
		if _, err := s.Beat(t.Context(), a, registry.Status{Role: registry.Active, Term: 1, Candidate: true}); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr = inProcess("handover", "--registry="+s.uri, "--to", "b")
		if code != exitcode.Failure || stdout != "" || !strings.Contains(stderr, " was not seen to beat since the registry's clock was set back; --force") {
			t.Errorf("handover to the dead: exit code %d, %q, %q", code, stdout, stderr)
		}
	})
}

func TestStatus_ShowsAllGroups(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri, "UNDERSTUDY_GROUP=c")
		a := s.join(t, "a", "hostA")
		s.begin(t, "a", 1, a, "hostA")
		if code, stdout, stderr := inProcess("status", "--all"); code != exitcode.OK || stderr != "" || !strings.HasPrefix(stdout, "a: 1 active") {
			t.Errorf("one that is well: exit code %d\n%s%s", code, stdout, stderr)
		}
		s.begin(t, "c", 1, s.join(t, "c", "hostC"), "hostC")
		s.spoil(t, "c")
		if code, stdout, _ := inProcess("status", "--all"); code != exitcode.Failure || !strings.HasPrefix(stdout, "1 group: 1 healthy, 0 not; 1 more could not be understood\n\na: 1 active") {
			t.Errorf("one that is well, one that nobody understands: exit code %d\n%s", code, stdout)
		}
		s.join(t, "b", "hostB")
		code, stdout, stderr := inProcess("status", "--all")
		if code != exitcode.Failure || !strings.HasPrefix(stdout, "2 groups: 1 healthy, 1 not; 1 more could not be understood\n\nb: no active yet; 1 passive\n") ||
			!strings.Contains(stdout, "\n\na: 1 active") {
			t.Errorf("exit code %d\n%s", code, stdout)
		}
		testkit.WantLine(t, stderr, "understudy: group c: ", "corrupt record", "schema is")
		if strings.Contains(stderr, "\x1b") {
			t.Errorf("status --all: %q", stderr)
		}

		var groups []status.Group
		code, stdout, stderr = inProcess("status", "--all", "--json")
		if err := json.Unmarshal([]byte(stdout), &groups); err != nil || code != exitcode.Failure || len(groups) != 2 || groups[0].Name != "b" {
			t.Errorf("exit code %d, %d groups, %v", code, len(groups), err)
		}
		testkit.WantLine(t, stderr, "corrupt record")

		for _, args := range []string{"status", "status --json", "history"} {
			code, stdout, stderr = inProcess(strings.Fields(args)...)
			if code != exitcode.Unavailable || stdout != "" {
				t.Errorf("%s: exit code %d\n%s", args, code, stdout)
			}
			testkit.WantLine(t, stderr, "understudy: ", "corrupt record", "schema is")
			if strings.Contains(stderr, "\x1b") {
				t.Errorf("%s: %q", args, stderr)
			}
		}
	})
}

func TestStatus_JSON(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		evil := "<b>\x1b[2J\u202eb"
		a, b := s.join(t, "default", "a"), s.join(t, "default", evil)
		s.begin(t, "default", 1, a, "a")
		s.end(t, "default", 1, a, registry.End{Reason: registry.HandedOver})
		s.begin(t, "default", 2, b, evil)
		code, stdout, stderr := inProcess("status", "--json")
		if code != exitcode.OK || stderr != "" || strings.ContainsAny(stdout, "\x1b\u202e") {
			t.Errorf("exit code %d, stderr %q, stdout %q", code, stderr, stdout)
		}
		var g status.Group
		if err := json.Unmarshal([]byte(stdout), &g); err != nil {
			t.Fatal(err)
		}
		if !g.Healthy || g.Term != 2 || len(g.Instances) != 2 || g.Instances[0].ID != b || g.Instances[0].Host != `<b>\x1b[2J\u202eb` || g.Instances[0].PID != 4711 {
			t.Errorf("%+v", g)
		}
		if len(g.Terms) != 2 || g.Terms[1].Gap == nil || g.Terms[1].Reason != registry.HandedOver || !g.Terms[0].To.IsZero() {
			t.Errorf("%+v", g.Terms)
		}
		if !strings.Contains(stdout, `"beatAgeSeconds": 0`) || !strings.Contains(stdout, `"host": "<b>\\x1b`) {
			t.Error(stdout)
		}
	})
}

func TestStatus_MakesNoFile(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		testkit.CleanEnv(t)
		dir := t.TempDir()
		if !implicit {
			t.Setenv("UNDERSTUDY_REGISTRY", "sqlite:"+filepath.Join(dir, "registry.db"))
		} else if !testkit.HasDefaultRegistry(t) {
			continue
		}
		for _, tt := range []struct {
			args   string
			code   int
			stdout string
		}{
			{"status", exitcode.Failure, "default: no instance: "},
			{"status --json", exitcode.Failure, `"instances": []`},
			{"status --all", exitcode.Failure, ""},
			{"status --all --json", exitcode.Failure, "[]\n"},
			{"history", exitcode.OK, ""},
			{"history --json", exitcode.OK, "[]\n"},
		} {
			code, stdout, stderr := inProcess(strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || tt.stdout == "" && stdout != "" {
				t.Errorf("%s: exit code %d, stdout %q", tt.args, code, stdout)
			}
			if n := strings.Count(stderr, "there is no such file yet"); n != 1 {
				t.Errorf("%s: said %d times where it looked: %q", tt.args, n, stderr)
			}
			if implicit != strings.Contains(stderr, "the default: this user on this machine only") {
				t.Errorf("%s: implicit %v, %q", tt.args, implicit, stderr)
			}
		}
		for _, dir := range []string{dir, os.Getenv("HOME")} {
			if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
				t.Errorf("%s has %v in it, %v", dir, made, err)
			}
		}
	}
}

func TestStatus_UnreachableRegistryIs69(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=mongodb://127.0.0.1:1/ops?directConnection=true", "UNDERSTUDY_CONNECT_TIMEOUT=200ms")
	for _, args := range []string{"status", "status --all", "status --json", "status --watch", "history"} {
		code, stdout, stderr := inProcess(strings.Fields(args)...)
		if code != exitcode.Unavailable || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q, want %d and nothing", args, code, stdout, exitcode.Unavailable)
		}
		testkit.WantLine(t, stderr, "understudy: ", "no answer within 200ms (UNDERSTUDY_CONNECT_TIMEOUT)", "127.0.0.1:1")
	}
}

func TestStatus_WrongUsageIs64(t *testing.T) {
	testkit.CleanEnv(t)
	for args, want := range map[string]string{
		"status now":       `understudy: status takes no arguments, got "now"`,
		"status --nope":    "unknown flag: --nope (see understudy status --help)",
		"history last":     `understudy: history takes no arguments, got "last"`,
		"history -n 0":     "-n 0: want a number of terms from 1 to 1000",
		"history -n 1001":  "-n 1001: want a number of terms from 1 to 1000",
		"history -n -5":    "-n -5: want a number of terms from 1 to 1000",
		"history -n a":     "-n a: want a number of terms from 1 to 1000",
		"history -n a\x1b": `-n a\x1b: want a number of terms from 1 to 1000`,
		"history -n 1e999": "-n 1e999: want a number of terms from 1 to 1000",
		"history -n":       "flag needs an argument",
	} {
		code, stdout, stderr := inProcess(strings.Fields(args)...)
		if code != exitcode.Usage || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q, want %d and nothing", args, code, stdout, exitcode.Usage)
		}
		testkit.WantLine(t, stderr, "understudy: ", want)
	}
}

// This needs a process of its own: the kernel ends a process that writes to a stdout that
// nobody reads.
func TestStatus_ReaderThatIsGoneIsNoError(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(t.TempDir(), "registry.db"), testkit.EnvRole+"=cli")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"status", "status --watch", "status --watch --json", "history --json"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		var stderr bytes.Buffer
		c := exec.CommandContext(t.Context(), self, strings.Fields(args)...)
		c.Stdout, c.Stderr = w, &stderr
		err = c.Run()
		_ = w.Close()
		if code := c.ProcessState.ExitCode(); code != exitcode.OK && code != exitcode.Failure || strings.Contains(stderr.String(), "pipe") {
			t.Errorf("%s: %v, %s", args, err, stderr.String())
		}
	}
}
