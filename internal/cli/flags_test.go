package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestFlags_WinOverTheEnvironment(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		// What the environment says would be refused, or be somewhere else.
		for _, env := range [][]string{
			nil,
			{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(t.TempDir(), "other.db"), "UNDERSTUDY_GROUP=other"},
			{"UNDERSTUDY_REGISTRY=", "UNDERSTUDY_GROUP="},
			{"UNDERSTUDY_REGISTRY_FILE=/no/such/file", "UNDERSTUDY_GROUP=not a name"},
		} {
			testkit.CleanEnv(t, env...)
			group := "g" + strings.ReplaceAll(filepath.Base(t.TempDir()), ".", "")
			a := s.join(t, group, "hostA")
			s.begin(t, group, 1, a, "hostA")
			s.join(t, group, "hostB")
			for _, tt := range []struct{ command, want string }{
				{"status", "1 active, 1 passive"},
				{"status --json", `"group": "` + group + `"`},
				{"history", "hostA"},
				{"handover", "hostA"},
				{"check", "group " + group},
			} {
				args := append(strings.Fields(tt.command), "--registry", s.uri, "--group="+group)
				if code, stdout, stderr := inProcess(args...); code != exitcode.OK || !strings.Contains(stdout, tt.want) {
					t.Errorf("%q, %s: exit code %d, stdout %q, stderr %q, want %q", env, tt.command, code, stdout, stderr, tt.want)
				}
			}
		}
	})
}

func TestFlags_AreCheckedLikeVariables(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
	for _, command := range []string{"status", "status --watch", "history", "handover", "check"} {
		for _, tt := range []struct {
			flag string
			code int
			want string
		}{
			{"--group=a b", exitcode.Config, `--group="a b": group name`},
			{"--group=", exitcode.Config, "--group is set but empty"},
			{"--registry=", exitcode.Config, "--registry is set but empty"},
			{"--registry=mongodb://u:hunter2@", exitcode.Config, `--registry="mongodb://xxxxx"`},
			{"--registry=sqlite:/no/such/dir/x.db", exitcode.Config, "its directory does not exist"},
			{"--registry=sqlite:x.db ", exitcode.Config, "--registry: it ends with a space"},
		} {
			code, stdout, stderr := inProcess(append(strings.Fields(command), tt.flag)...)
			if said := stdout + stderr; code != tt.code || !strings.Contains(said, tt.want) || strings.Contains(said, "hunter2") {
				t.Errorf("%s %s: exit code %d, stdout %q, stderr %q, want %d and %q", command, tt.flag, code, stdout, stderr, tt.code, tt.want)
			}
		}
	}
	for _, args := range []string{"status --all --group=g", "status --ended", "status --ended --watch"} {
		code, stdout, stderr := inProcess(strings.Fields(args)...)
		if code != exitcode.Usage || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q", args, code, stdout)
		}
		testkit.WantLine(t, stderr, "understudy: ", "--all")
	}
	for _, args := range []string{"--group=g", "run --registry=sqlite:x.db", "health --group=g", "demo --group=g"} {
		if code, _, stderr := inProcess(strings.Fields(args)...); code != exitcode.Usage || !strings.Contains(stderr, "unknown flag") {
			t.Errorf("%s: exit code %d, %q", args, code, stderr)
		}
	}
}

func TestHelp_TellsWhoSeesAPassword(t *testing.T) {
	testkit.CleanEnv(t)
	for _, name := range []string{"status", "history", "handover", "check"} {
		if _, stdout, _ := inProcess(name, "--help"); !strings.Contains(stdout, "every user can see its password in the list of processes") {
			t.Errorf("%s: no word of it in\n%s", name, stdout)
		}
	}
}
