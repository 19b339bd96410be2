package cli

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// complete returns what the program tells a shell that completes the last of these words:
// the choices, then ":0" if the shell may offer files, or ":4" if it may not. It needs a
// process of its own, because the words are its arguments.
func complete(t *testing.T, words ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, append([]string{"__completeNoDesc"}, words...)...)
	c.Env = append(os.Environ(), testkit.EnvRole+"=cli")
	stdout, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(stdout)), " ")
}

func TestCompletion_OffersCommandsFlagsAndFiles(t *testing.T) {
	testkit.CleanEnv(t)
	for words, want := range map[string]string{
		"":                      "check completion demo handover health help history jobs run runs status trigger :4",
		"h":                     "handover health help history :4",
		"t":                     "trigger :4",
		"--":                    "--help --jobs --version :4",
		"-- ./":                 ":0",
		"-- ls ":                ":0",
		"run ":                  ":4",
		"run r":                 ":4",
		"run -- ":               ":0",
		"run -- ls ":            ":0",
		"run -- ls -":           ":0",
		"status ":               ":4",
		"status --":             "--all --ended --group --help --json --registry --watch :4",
		"history ":              ":4",
		"history --":            "--group --help --json --number --registry :4",
		"history --number ":     ":4",
		"handover ":             ":4",
		"handover --":           "--force --group --help --json --registry --to --wait :4",
		"check ":                ":4",
		"status --group ":       ":4",
		"status --registry ":    ":4",
		"check --j":             "--json :4",
		"health ":               ":4",
		"health --":             "--active --help --json --ready :4",
		"demo ":                 ":4",
		"jobs ":                 "check import pause resume :4",
		"jobs --":               "--group --help --json --registry :4",
		"jobs pause --why ":     ":4",
		"runs ":                 "cancel retry show :4",
		"runs --status ":        "waiting processing completed failed timed-out exited skipped cancelled :38",
		"runs --status failed,": "failed,waiting failed,processing failed,completed failed,timed-out failed,exited failed,skipped failed,cancelled :38",
		"runs --since ":         ":4",
		"runs show --":          "--follow --group --help --json --output --registry :4",
		"trigger --payload ":    ":0",
		"trigger --at ":         ":4",
		"trigger a ":            ":4",
		"jobs check ":           "yaml yml :8",
		"jobs check a.yaml ":    ":4",
		"jobs check --":         "--from --group --help --json --number :4",
		"jobs check --from ":    ":4",
		"jobs import ":          ":0",
		"jobs import x ":        ":4",
		"jobs import --":        "--help --system :4",
		"completion ":           "bash fish powershell zsh :4",
		"completion b":          "bash :4",
		"help ":                 "check completion demo handover health help history jobs run runs status trigger :4",
		"completion bash ":      ":4",
	} {
		if got := complete(t, strings.Split(words, " ")...); got != want {
			t.Errorf("understudy %s: %s, want %s", words, got, want)
		}
	}
}

func TestCompletion_OfTheTargetOfAHandover(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		if got := complete(t, "handover", "--to", ""); got != ":4" {
			t.Errorf("nobody: %s", got)
		}
		var ids []string
		for _, host := range []string{"a", "b-1.example.org", "b-1.example.org", "$(reboot)", "c d", "-x"} {
			ids = append(ids, s.join(t, "default", host).String())
		}
		s.join(t, "other", "z")
		dead := registry.Instance{
			ID: uuid.Must(uuid.NewV7()), Group: "default", Host: "dead", Status: registry.Status{Role: registry.Passive, Candidate: true},
			Interval: registry.MinInterval, OrphanAfter: time.Second, // silent after 150 ms
		}
		if _, err := s.Register(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
		s.begin(t, "default", 1, uuid.MustParse(ids[0]), "a")
		want := "b-1.example.org " + strings.Join(ids[1:], " ") + " :4"
		var got string
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); { // it does not wait long for a registry, and one is to be silent
			if got = complete(t, "handover", "--wait", "--to", ""); got == want {
				return
			}
		}
		t.Errorf("got  %s\nwant %s", got, want)
	})
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=mongodb://127.0.0.1:1/ops?directConnection=true", "UNDERSTUDY_CONNECT_TIMEOUT=1h")
	if got := complete(t, "handover", "--to", ""); got != ":4" {
		t.Errorf("registry out of reach: %s", got)
	}
	t.Setenv("UNDERSTUDY_GROUP", "no way")
	if got := complete(t, "handover", "--to", ""); got != ":4" {
		t.Errorf("bad configuration: %s", got)
	}
}

func TestCompletion_OfJobsAndRuns(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		if got := complete(t, "trigger", ""); got != ":4" {
			t.Errorf("no jobs: %s", got)
		}
		h := s.hold(t, store.Job{Name: "publish"}, store.Job{Name: "report"}, store.Job{Name: "old", Gone: true})
		if _, err := h.store.Pause(t.Context(), h.Group, "publish", "kai", ""); err != nil {
			t.Fatal(err)
		}
		h.ended(t, h.key("report", "2027-03-14T01:30:00Z"), store.Completed, store.AttemptCompleted, 0, 3*time.Hour)
		h.ended(t, h.key("report", "k:b"), store.Failed, store.AttemptFailed, 1, 2*time.Hour)
		for _, run := range []string{"k:c", "k:$(reboot)", "k:d e", "k:;f"} {
			if _, _, err := h.store.Submit(t.Context(), store.Run{Key: h.key("publish", run), Trigger: store.ByPerson}, nil, 10); err != nil {
				t.Fatal(err)
			}
		}
		for words, want := range map[string]string{
			"trigger ":            "publish report :4",
			"trigger r":           "report :4",
			"jobs pause ":         "report :4",
			"jobs resume ":        "publish :4",
			"runs ":               "cancel publish report retry show :4",
			"runs show ":          "publish/k:c report/k:b report/2027-03-14T01:30:00Z :4",
			"runs show report/":   "report/k:b report/2027-03-14T01:30:00Z :4",
			"runs cancel ":        "publish/k:c :4",
			"runs retry ":         "report/k:b :4",
			"runs retry a/b ":     ":4",
			"trigger --wait ":     "publish report :4",
			"trigger report --k":  "--key :4",
			"runs show report/k:": "report/k:b :4",
		} {
			if got := complete(t, strings.Split(words, " ")...); sorted(got) != sorted(want) {
				t.Errorf("understudy %s: %s, want %s", words, got, want)
			}
		}
	})
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=mongodb://127.0.0.1:1/ops?directConnection=true", "UNDERSTUDY_CONNECT_TIMEOUT=1h")
	if got := complete(t, "trigger", ""); got != ":4" {
		t.Errorf("registry out of reach: %s", got)
	}
}

// sorted sorts the words of a text.
func sorted(text string) string {
	words := strings.Fields(text)
	slices.Sort(words)
	return strings.Join(words, " ")
}
