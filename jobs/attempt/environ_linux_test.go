package attempt

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/jobs/store"
)

// ours returns the variables of Understudy that a command found, without those of the tests.
func ours(output []byte) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(string(output)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if strings.HasPrefix(name, "UNDERSTUDY_") && !strings.HasPrefix(name, "UNDERSTUDY_TEST_") {
			found[name] = value
		}
	}
	return found
}

func TestRunner_CommandFindsWhoItIs(t *testing.T) {
	for _, name := range []string{"REGISTRY", "REGISTRY_FILE", "JOB", "RUN_ID", "RUN", "ATTEMPT", "SLOT", "TRIGGER", "GROUP", "INSTANCE", "TERM",
		"PAYLOAD_FILE", "PROGRESS_FILE", "RESULT_FILE", "CHECKPOINT_FILE"} {
		t.Setenv("UNDERSTUDY_"+name, "outer") // as if this instance were the command of another one
	}
	t.Setenv("REGION", "us")
	g := newGroup(t)
	r := newRunner(t, g.store)
	j := script("")
	j.Command = []string{"env"} // a shell would leave out what is there twice
	j.Env = []string{"REGION=eu", "GOGC=50", "UNDERSTUDY_TERM=999"}

	slot := time.Date(2027, 3, 28, 3, 0, 0, 0, time.FixedZone("CEST", 2*3600))
	run := store.Run{
		Key: store.Key{Group: "test", Job: "report", Run: store.SlotID(slot)}, Trigger: store.BySchedule, Slot: slot, At: slot, Due: slot,
		State: store.Processing, Open: true, Term: g.holder.Term, Instance: g.holder.Instance, Attempt: 1,
	}
	if _, err := g.store.Claim(t.Context(), g.holder, []store.Run{run}); err != nil {
		t.Fatal(err)
	}
	end := r.Run(t.Context(), j, run)
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	got := ours(end.Output.Head)
	folder := filepath.Dir(got["UNDERSTUDY_RESULT_FILE"])
	if !filepath.IsAbs(folder) || len(got["UNDERSTUDY_RUN"]) < 20 {
		t.Errorf("a folder %q and a mark %q", folder, got["UNDERSTUDY_RUN"])
	}
	delete(got, "UNDERSTUDY_RUN")
	want := map[string]string{
		"UNDERSTUDY_JOB": "report", "UNDERSTUDY_RUN_ID": "report/2027-03-28T01:00:00Z", "UNDERSTUDY_ATTEMPT": "1",
		"UNDERSTUDY_SLOT": "2027-03-28T01:00:00Z", "UNDERSTUDY_TRIGGER": "schedule",
		"UNDERSTUDY_GROUP": "test", "UNDERSTUDY_INSTANCE": g.holder.Instance.String(), "UNDERSTUDY_TERM": "1",
		"UNDERSTUDY_PROGRESS_FILE": folder + "/progress", "UNDERSTUDY_RESULT_FILE": folder + "/result", "UNDERSTUDY_CHECKPOINT_FILE": folder + "/checkpoint",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the environment (- want, + got):\n%s", diff)
	}
	lines := strings.Split(string(end.Output.Head), "\n")
	if !slices.Contains(lines, "REGION=eu") || slices.Contains(lines, "REGION=us") || !slices.Contains(lines, "GOGC=50") || slices.Contains(lines, "UNDERSTUDY_TERM=999") {
		t.Errorf("the job's own variables are not there, or too many of them:\n%s", end.Output.Head)
	}

	second := ours(r.Run(t.Context(), j, g.again(t, g.claim(t, []byte("{}")))).Output.Head)
	if _, ok := second["UNDERSTUDY_SLOT"]; ok || second["UNDERSTUDY_ATTEMPT"] != "2" || second["UNDERSTUDY_TRIGGER"] != "trigger" {
		t.Errorf("the second attempt of a run that was triggered: %v", second)
	}
	if file := second["UNDERSTUDY_PAYLOAD_FILE"]; filepath.Base(file) != "payload" || filepath.Dir(file) == folder {
		t.Errorf("the payload is in %q, and the other run had %q", file, folder)
	}
}

// A deployment turns the link by which this process was started.
func TestRunner_CommandStartsInTheDirectoryByItsName(t *testing.T) {
	top := t.TempDir()
	for _, release := range []string{"old", "new"} {
		if err := os.MkdirAll(filepath.Join(top, release, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
		tool := "#!/bin/sh\necho " + release + " $(basename $(pwd -P))\n"
		if err := os.WriteFile(filepath.Join(top, release, "sub", "tool"), []byte(tool), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	current := filepath.Join(top, "current")
	turn := func(release string) {
		_ = os.Remove(current)
		if err := os.Symlink(release, current); err != nil {
			t.Fatal(err)
		}
	}
	turn("old")
	t.Chdir(current)
	t.Setenv("PWD", current)
	r := newRunner(t, &fake{})
	turn("new")
	for _, tt := range []struct{ dir, command, want string }{
		{"", "sub/tool", "new new"},
		{"sub", "./tool", "new sub"},
		{filepath.Join(top, "old", "sub"), "./tool", "old sub"},
	} {
		j := script("")
		j.Dir, j.Command = tt.dir, []string{tt.command}
		end := r.Run(t.Context(), j, claimed(1))
		wantEnd(t, end, store.AttemptCompleted, 0, "")
		if got := strings.TrimSpace(string(end.Output.Head)); got != tt.want {
			t.Errorf("%s in %q: %q, want %q", tt.command, tt.dir, got, tt.want)
		}
	}
}
