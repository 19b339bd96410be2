package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func TestTrigger_SubmitsARun(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri, "UNDERSTUDY_HOST=laptop")
		h := s.hold(t, store.Job{Name: "report"}, store.Job{Name: "old", Gone: true})
		read := func(name string) store.Run {
			t.Helper()
			k, err := store.ParseKey("default", strings.TrimSuffix(name, "\n"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := h.store.Run(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		stdout, stderr := want(t, exitcode.OK, []string{"trigger", "report"})
		if r := read(stdout); r.State != store.Waiting || r.Trigger != store.ByPerson || !strings.HasSuffix(r.By, "@laptop") || stderr != "" || time.Since(r.Due).Abs() > time.Hour {
			t.Errorf("%+v; stderr %q", r, stderr)
		}
		// The same key is the same run.
		file := filepath.Join(t.TempDir(), "payload.json")
		if err := os.WriteFile(file, []byte(`{"day": 1}`), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
		stdout, _ = want(t, exitcode.OK, []string{"trigger", "report", "--key", "day 1", "--payload", file, "--priority", "-5", "--at", at.Format(time.RFC3339)})
		if r := read(stdout); stdout != "report/k:day 1\n" || r.Priority != -5 || !r.Due.Equal(at) {
			t.Errorf("%q: %+v", stdout, r)
		}
		if p, err := h.store.Payload(t.Context(), h.key("report", "k:day 1")); err != nil || string(p) != `{"day": 1}` {
			t.Errorf("%q, %v", p, err)
		}
		stdout, stderr = want(t, exitcode.OK, []string{"trigger", "report", "--key", "day 1", "--payload", `{"day": 1}`}, "it was asked for already at ", "@laptop, and is waiting")
		if stdout != "report/k:day 1\n" {
			t.Errorf("%q, %q", stdout, stderr)
		}
		stdout, _ = want(t, exitcode.Conflict, []string{"trigger", "report", "--key", "day 1", "--payload", `{"day": 2}`}, "report/k:day 1 is there already, with another payload: use another key")
		if stdout != "" {
			t.Error(stdout)
		}
		want(t, exitcode.Conflict, []string{"trigger", "report", "--key", "day 1"})
		stdout, _ = want(t, exitcode.OK, []string{"trigger", "report", "--key", "2", "--json"})
		var v struct {
			Created bool
			Run     struct{ ID, Status string }
			Error   string
		}
		if err := json.Unmarshal([]byte(stdout), &v); err != nil || !v.Created || v.Run.ID != "report/k:2" || v.Run.Status != "waiting" || v.Error != "" {
			t.Errorf("%s, %v", stdout, err)
		}
		stdout, stderr = want(t, exitcode.OK, []string{"trigger", "report", "--key", "2", "--json"}, `"created": false`)
		if stderr != "" {
			t.Errorf("%q, %q", stdout, stderr)
		}
		// What no instance would run is not submitted.
		want(t, exitcode.Failure, []string{"trigger", "reprot"}, `no job is called "reprot": did you mean report? There are report`)
		want(t, exitcode.Failure, []string{"trigger", "old"}, "job old is gone: ")
		list, err := h.store.Runs(t.Context(), h.Group, store.Filter{Limit: 100})
		if err != nil || len(list) != 3 {
			t.Errorf("%d runs, %v; want 3", len(list), err)
		}
	})
}

func TestTrigger_SaysThatNobodyIsActive(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		s.end(t, "default", 1, h.Instance, registry.End{Reason: registry.Stopped})
		stdout, _ := want(t, exitcode.OK, []string{"trigger", "report"}, "no instance is active in group default, so the run waits: ")
		if !strings.HasPrefix(stdout, "report/") {
			t.Error(stdout)
		}
		next := s.join(t, "default", "db2")
		s.begin(t, "default", 2, next, "db2")
		want(t, exitcode.OK, []string{"trigger", "report"}, "db2/"+registry.ShortID(next)+" is active, and has not taken the jobs of term 1 over: if it runs without --jobs, the run waits")
		want(t, exitcode.OK, []string{"status"}, "the active instance has not taken them over from term 1")
	})
}

func TestTrigger_RefusesWhenTooManyWait(t *testing.T) {
	s := onSQLite(t)
	path := strings.TrimPrefix(s.uri, "sqlite:")
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
	h := s.hold(t, store.Job{Name: "report"})
	want(t, exitcode.OK, []string{"trigger", "report", "--key", "1"})
	s.manyWaiting(t, path, store.MaxWaiting)
	stdout, _ := want(t, exitcode.Failure, []string{"trigger", "report"}, "10000 runs of group default wait, and no more may")
	if stdout != "" {
		t.Error(stdout)
	}
	want(t, exitcode.OK, []string{"trigger", "report", "--key", "77"}, "it was asked for already")
	if q, err := h.store.Queue(t.Context(), h.Group, time.Now()); err != nil || q["report"].Waiting != store.MaxWaiting {
		t.Errorf("%v, %v", q, err)
	}
}

// manyWaiting adds runs that wait like the last one there is, until there are n with it.
func (s testRegistry) manyWaiting(t *testing.T, path string, n int) {
	t.Helper()
	testkit.SQL(t, path, `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO runs ("group", job, run, "trigger", at, due, priority, state, open, term, attempt, failures, interruptions, schema)
		SELECT "group", job, 'k:' || i, "trigger", at, due, priority, state, open, term, attempt, failures, interruptions, schema
		FROM (SELECT * FROM runs WHERE state = 'waiting' LIMIT 1), n`, n)
}

func TestTrigger_WaitExitsAsTheRunDid(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		for _, tt := range []struct {
			state   store.State
			end     store.AttemptEnd
			command int
			code    int
			stderr  string
		}{
			{store.Completed, store.AttemptCompleted, 0, exitcode.OK, " completed after "},
			{store.Failed, store.AttemptFailed, 42, 42, ": exit code 42"},
			{store.Failed, store.AttemptFailed, 0, exitcode.Failure, " failed after "},
			{store.Failed, store.AttemptExited, 0, exitcode.Failure, " failed after "},
			{store.TimedOut, store.AttemptTimedOut, 137, exitcode.TimedOut, " timed out after "},
			{store.Exited, store.AttemptExited, 0, exitcode.Exited, ": its instance went away"},
			{store.Cancelled, store.AttemptCancelled, 143, exitcode.Cancelled, " cancelled after "},
			{store.Skipped, "", 0, exitcode.Skipped, " skipped"},
		} {
			p := startProgram("trigger", "report", "--wait")
			r := h.waiting(t, "report")
			if tt.state == store.Skipped {
				was := r
				r.State, r.Open, r.EndedAt = tt.state, false, time.Now()
				h.update(t, was, r)
			} else {
				h.finish(t, h.start(t, r.Key), tt.state, tt.end, tt.command, store.Output{Head: []byte("not printed\n"), Bytes: 12})
			}
			code, stdout, stderr := p.end(t)
			if code != tt.code || stdout != r.Key.String()+"\n" || !strings.Contains(stderr, r.Key.String()) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("%s: exit code %d, want %d; stdout %q, stderr %q", tt.state, code, tt.code, stdout, stderr)
			}
		}
	})
}

func TestTrigger_FollowPrintsTheOutputAlone(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		p := startProgram("trigger", "report", "--follow", "--key", "1")
		r := h.start(t, h.waiting(t, "report").Key)
		h.chunk(t, r, 0, 0, "one\n\x1b[2J")
		testkit.Until(t, "output while it runs", func() bool { return p.out.String() == "one\n\x1b[2J" })
		testkit.Until(t, "a line about where it stands", func() bool { return strings.Contains(p.log.String(), "report/k:1 is processed by db1/") })
		h.finish(t, r, store.Failed, store.AttemptFailed, 3, store.Output{Head: []byte("one\n\x1b[2Jtwo\n"), Bytes: 12})
		code, stdout, stderr := p.end(t)
		if code != 3 || stdout != "one\n\x1b[2Jtwo\n" || !strings.HasPrefix(stderr, "understudy: report/k:1\n") || !strings.Contains(stderr, "report/k:1 failed after") {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	})
}

func TestTrigger_WaitJSONIsOneObject(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		p := startProgram("trigger", "report", "--wait", "--json")
		h.finish(t, h.start(t, h.waiting(t, "report").Key), store.Failed, store.AttemptFailed, 3, store.Output{})
		code, stdout, _ := p.end(t)
		var v triggerResult
		if err := json.Unmarshal([]byte(stdout), &v); err != nil || code != 3 || !v.Created || v.Run == nil || v.Run.Status != store.Failed || *v.Run.Attempts[0].ExitCode != 3 {
			t.Errorf("exit code %d, %s, %v", code, stdout, err)
		}
	})
}

func TestTrigger_CtrlCLeavesTheRun(t *testing.T) {
	s := onSQLite(t)
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
	h := s.hold(t, store.Job{Name: "report"})
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"trigger", "report", "--wait", "--key", "1"}, 130, "interrupt: report/k:1 is waiting, and goes on; understudy runs show report/k:1 shows how it ends"},
		{[]string{"runs", "show", "report/k:1", "--follow"}, exitcode.OK, ""},
	} {
		cmd := testkit.Self(t, "cli", tt.args...)
		var out, log testkit.LogBuffer
		cmd.Stdout, cmd.Stderr = &out, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		testkit.Until(t, "a line about where it stands", func() bool { return strings.Contains(log.String(), "report/k:1 is waiting\n") })
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(log.String(), tt.want) {
			t.Errorf("%q: exit code %d, want %d; stdout %q, stderr %q", tt.args, code, tt.code, out.String(), log.String())
		}
	}
	if r, err := h.store.Run(t.Context(), h.key("report", "k:1")); err != nil || r.State != store.Waiting || r.Cancel != nil {
		t.Errorf("%+v, %v; want that it waits", r, err)
	}
}

// brokenPipe is a standard output whose reader has gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// If nobody reads the output any more, the exit code does not say that the run completed.
func TestTrigger_FollowWithoutAReader(t *testing.T) {
	s := onSQLite(t)
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
	h := s.hold(t, store.Job{Name: "report"})
	var log testkit.LogBuffer
	code := make(chan int, 1)
	go func() {
		code <- Main(t.Context(), []string{"trigger", "report", "--follow", "--key", "1"}, brokenPipe{}, &log)
	}()
	r := h.start(t, h.waiting(t, "report").Key)
	h.chunk(t, r, 0, 0, "one\n")
	if got := <-code; got != 128+13 || !strings.Contains(log.String(), "report/k:1 is processing, and goes on") {
		t.Errorf("exit code %d, want 141; stderr %q", got, log.String())
	}
}

// lossyStore makes each run that is submitted, but its first answers get lost.
type lossyStore struct {
	fakeStore
	lost int
	runs map[store.Key]store.Run
}

func (*lossyStore) Jobs(context.Context, string) ([]store.Job, error) {
	return []store.Job{{Name: "report"}}, nil
}

func (s *lossyStore) Submit(_ context.Context, r store.Run, _ []byte, _ int) (store.Run, bool, error) {
	there, ok := s.runs[r.Key]
	if !ok {
		r.State = store.Waiting
		s.runs[r.Key], there = r, r
	}
	if s.lost > 0 {
		s.lost--
		return store.Run{}, false, errors.New("connection lost")
	}
	return there, !ok, nil
}

type lossyBackend struct {
	fakeBackend
	s *lossyStore
}

func (b lossyBackend) Jobs() store.Store { return b.s }

func TestTrigger_LostAnswerMakesNoSecondRun(t *testing.T) {
	for _, tt := range []struct {
		lost          int
		ours, created bool
		fails         string
	}{
		{lost: 0, ours: true, created: true},
		{lost: 2, ours: true, created: true},
		{lost: 1, ours: false, created: false}, // somebody else may have made it
		{lost: 9, ours: true, fails: "report/1 may have been asked for, see understudy runs show: "},
	} {
		var log testkit.LogBuffer
		cl := clientOf(fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) { return nil, nil, nil }}, &log)
		s := &lossyStore{lost: tt.lost, runs: map[store.Key]store.Run{}}
		cl.reg = lossyBackend{s: s}
		_, created, err := cl.submit(t.Context(), store.Run{Key: store.Key{Group: "g", Job: "report", Run: "1"}}, nil, tt.ours)
		if created != tt.created || len(s.runs) != 1 || (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("%d lost: created %v, %d runs, %v; want created %v", tt.lost, created, len(s.runs), err, tt.created)
		}
	}
}

func TestReadPayload_TakesAFileStdinOrJSON(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, store.MaxPayload+1), 0o600); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "full")
	if err := os.WriteFile(full, make([]byte, store.MaxPayload), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ payload, stdin, want, fails string }{
		{payload: "-", stdin: "text\x00", want: "text\x00"},
		{payload: "-", stdin: strings.Repeat("x", store.MaxPayload+1), fails: "stdin has more than 1048576 bytes"},
		{payload: ` {"a": [1]}`, want: ` {"a": [1]}`},
		{payload: "[]", want: "[]"},
		{payload: "{a: 1}", fails: "--payload is no JSON: invalid character 'a'"},
		{payload: "[" + strings.Repeat("1,", store.MaxPayload/2) + "1]", fails: "JSON has more than"},
		{payload: full, want: string(make([]byte, store.MaxPayload))},
		{payload: large, fails: "has more than 1048576 bytes: pass the name of a file"},
		{payload: dir, fails: "is a directory"},
		{payload: "7", fails: "--payload: open 7: "},
	} {
		c := &cobra.Command{}
		c.Flags().String("payload", "", "")
		_ = c.Flags().Set("payload", tt.payload)
		c.SetIn(strings.NewReader(tt.stdin))
		got, err := readPayload(c, tt.payload)
		switch {
		case tt.fails == "" && (err != nil || !bytes.Equal(got, []byte(tt.want))):
			t.Errorf("%.50q: %d bytes, %v, want %d", tt.payload, len(got), err, len(tt.want))
		case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)):
			t.Errorf("%.50q: %v, want %q", tt.payload, err, tt.fails)
		}
	}
}

func TestStatus_TellsOfJobsInALine(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		someJobs(t, s)
		stdout, _ := want(t, exitcode.OK, []string{"status"})
		if !regexp.MustCompile(`(?m)^jobs: 5 \(1 paused\), 1 running, 2 waiting, late is late by 2h00m; 3 failed in the last 24 h$`).MatchString(stdout) {
			t.Error(stdout)
		}
		stdout, _ = want(t, exitcode.OK, []string{"status", "--json"})
		var v struct {
			Group string
			Jobs  map[string]any
		}
		if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.Group != "default" || v.Jobs["jobs"] != 5.0 || v.Jobs["running"] != 1.0 || v.Jobs["failedLastDay"] != 3.0 || v.Jobs["next"] != "late" {
			t.Errorf("%v in %s", err, stdout)
		}
		other := s.join(t, "other", "a")
		s.begin(t, "other", 1, other, "a")
		stdout, _ = want(t, exitcode.OK, []string{"status", "--group", "other"})
		if strings.Contains(stdout, "jobs") {
			t.Error(stdout)
		}
		if stdout, _ = want(t, exitcode.OK, []string{"status", "--group", "other", "--json"}); strings.Contains(stdout, "jobs") {
			t.Error(stdout)
		}
		if stdout, _ = want(t, exitcode.OK, []string{"status", "--all"}); strings.Count(stdout, "jobs: ") != 1 {
			t.Error(stdout)
		}
	})
}
