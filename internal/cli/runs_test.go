package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

func TestRuns_ListsTheLatestFirstAndFilters(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"}, store.Job{Name: "show"}, store.Job{Name: "idle"})
		h.ended(t, h.key("report", "1"), store.Completed, store.AttemptCompleted, 0, 72*time.Hour)
		h.ended(t, h.key("report", "2"), store.Failed, store.AttemptFailed, 7, 3*time.Hour, func(r *store.Run) { r.Remark = "no retry is left" })
		h.ended(t, h.key("show", "3"), store.TimedOut, store.AttemptTimedOut, 137, 2*time.Hour)
		h.ended(t, h.key("report", "4"), store.Skipped, "", 0, time.Hour, func(r *store.Run) { r.Attempts, r.Attempt, r.Remark = nil, 0, "the run before goes on" })
		if _, _, err := h.store.Submit(t.Context(), store.Run{Key: h.key("report", "5"), Trigger: store.ByPerson, Due: time.Now().Add(time.Hour + 30*time.Second)}, nil, 10); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ args, want string }{
			{"runs", "report/5 report/4 show/3 report/2 report/1"},
			{"runs -n 2", "report/5 report/4"},
			{"runs report", "report/5 report/4 report/2 report/1"},
			{"runs -- show", "show/3"},
			{"runs --status failed,timed-out", "show/3 report/2"},
			{"runs --status failed report", "report/2"},
			{"runs --since 4h", "report/5 report/4 show/3 report/2"},
			{"runs --since 2d --status completed", ""},
			{"runs --since 30d --status completed", "report/1"},
			{"runs report --since " + time.Now().Add(-100*time.Minute).UTC().Format(time.RFC3339), "report/5 report/4"},
			{"runs idle", ""},
		} {
			stdout, stderr := want(t, exitcode.OK, strings.Fields(tt.args))
			var names []string
			for line := range strings.Lines(stdout) {
				names = append(names, strings.Fields(line)[0])
			}
			if got := strings.TrimPrefix(strings.Join(names, " "), "RUN "); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.args, got, tt.want)
			}
			if tt.want == "" && stderr != "understudy: there are no such runs\n" {
				t.Errorf("%s: stderr %q", tt.args, stderr)
			}
		}
		want(t, exitcode.Failure, []string{"runs", "repo"}, `no job is called "repo": did you mean report? There are idle, report, show`)
		stdout, _ := want(t, exitcode.OK, []string{"runs"})
		for i, words := range []string{"due in 1h00m –", "skipped schedule – –", "timed out schedule 1m00s 1 db1/", "failed schedule 1m00s 1 db1/ exit code 7; no retry is left"} {
			line := strings.Split(stdout, "\n")[i+1]
			for _, word := range strings.Fields(words) {
				if !strings.Contains(line, word) {
					t.Errorf("want %q in %q", words, line)
				}
			}
		}
		stdout, _ = want(t, exitcode.OK, []string{"runs", "--status", "failed", "--json"})
		var v struct {
			Group string
			Runs  []map[string]any
		}
		if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.Group != "default" || len(v.Runs) != 1 {
			t.Fatalf("%v in %s", err, stdout)
		}
		r := v.Runs[0]
		attempt, _ := r["attempts"].([]any)[0].(map[string]any)
		if r["id"] != "report/2" || r["job"] != "report" || r["run"] != "2" || r["status"] != "failed" || r["trigger"] != "schedule" || r["remark"] != "no retry is left" ||
			attempt["exitCode"] != 7.0 || attempt["end"] != "failed" || attempt["host"] != "db1" || !strings.HasSuffix(r["endedAt"].(string), "Z") {
			t.Errorf("%s", stdout)
		}
	})
}

// hostile is text that would do something to a terminal.
const hostile = "\x1b[2J\u009b31m\u202eevil\r\x07\x00"

func isHarmless(text string) bool { return !strings.ContainsAny(text, "\x1b\u009b\u202e\r\x07\x00") }

func TestRuns_ShowsAllOfARunHarmlessly(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report", Schedule: hostile, Zone: hostile, Description: hostile})
		k := h.key("report", "k:key with $(spaces)")
		if _, _, err := h.store.Submit(t.Context(), store.Run{Key: k, Trigger: store.ByPerson, By: hostile, Priority: 7}, []byte("four"), 10); err != nil {
			t.Fatal(err)
		}
		r := h.start(t, k)
		if _, err := h.store.SetProgress(t.Context(), h.Holder, k, 1, store.Progress{Percent: 42, Text: hostile, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.store.Cancel(t.Context(), k, hostile, hostile); err != nil {
			t.Fatal(err)
		}
		want(t, exitcode.OK, []string{"runs"}, "42 %", "is to be cancelled")
		r.Remark, r.Result = hostile, []byte(`{"rows": 5}`+hostile)
		h.finish(t, r, store.Failed, store.AttemptFailed, 9, store.Output{Head: []byte("first\n" + hostile), Tail: []byte("\xfflast\n"), Bytes: 1000})
		name := k.String()
		for _, args := range [][]string{
			{"runs", "show", name}, {"runs"}, {"runs", "--json"}, {"runs", "show", name, "--json"}, {"runs", "show", name, "--json", "--output"},
			{"jobs"}, {"jobs", "--json"}, {"status"}, {"status", "--json"}, {"jobs", "pause", "report", "--why", hostile[:5]},
		} {
			_, stdout, stderr := inProcess(args...)
			if !isHarmless(stdout+stderr) || stdout == "" {
				t.Errorf("%q: stdout %q, stderr %q", args, stdout, stderr)
			}
		}
		want(t, exitcode.OK, []string{"runs", "show", name},
			name, "failed", `trigger   trigger by \x1b[2J`, "priority  7", "payload   4 bytes", "progress  42 %", `cancel    by \x1b`, `result    {"rows": 5}\x1b`, "output    1000 bytes", "ATTEMPT", "db1/", "9\n")
		stdout, _ := want(t, exitcode.OK, []string{"runs", "show", name, "--json", "--output"})
		var v struct {
			Result       string
			PayloadBytes int
			Progress     struct{ Percent int }
			Output       struct {
				Head, Tail string
				Bytes      int64
			}
			Cancel struct{ By string }
		}
		if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.Result != `{"rows": 5}`+hostile || v.PayloadBytes != 4 || v.Progress.Percent != 42 ||
			v.Output.Head != "first\n"+hostile || v.Output.Tail != "\ufffdlast\n" || v.Output.Bytes != 1000 || v.Cancel.By != hostile {
			t.Errorf("%v: %+v", err, v)
		}
		// A file gets the output as it was.
		stdout, stderr := want(t, exitcode.OK, []string{"runs", "show", name, "--output"})
		if wanted := "first\n" + hostile + "\n[969 bytes are left out]\n\xfflast\n"; stdout != wanted || stderr != "" {
			t.Errorf("%q, want %q; stderr %q", stdout, wanted, stderr)
		}
		want(t, exitcode.Failure, []string{"runs", "show", "report/none"}, "there is no run report/none: ", "understudy runs -- report")
	})
}

func TestRuns_OutputOfARunThatGoesOn(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		if _, _, err := h.store.Submit(t.Context(), store.Run{Key: h.key("report", "1"), Trigger: store.ByPerson}, nil, 10); err != nil {
			t.Fatal(err)
		}
		if stdout, _ := want(t, exitcode.OK, []string{"runs", "show", "report/1", "--output"}); stdout != "" {
			t.Error(stdout)
		}
		r := h.start(t, h.key("report", "1"))
		h.chunk(t, r, 4, 100, "five\n")
		h.chunk(t, r, 5, 105, "six")
		h.chunk(t, r, 7, 200, "eight")
		stdout, _ := want(t, exitcode.OK, []string{"runs", "show", "report/1", "--output"})
		if wanted := "[100 bytes are left out]\nfive\nsix\n[92 bytes are left out]\neight"; stdout != wanted {
			t.Errorf("%q, want %q", stdout, wanted)
		}
		// When it has ended, its record has the beginning, and the chunks more than its end.
		h.finish(t, r, store.Completed, store.AttemptCompleted, 0, store.Output{Head: []byte("one\n"), Tail: []byte("x\neight"), Bytes: 205})
		stdout, _ = want(t, exitcode.OK, []string{"runs", "show", "report/1", "--output"})
		if wanted := "one\n[96 bytes are left out]\nfive\nsix\n[92 bytes are left out]\neight"; stdout != wanted {
			t.Errorf("%q, want %q", stdout, wanted)
		}
	})
}

func TestRuns_FollowGoesOnToTheNextAttempt(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		k := h.trigger(t, "report", "1")
		p := startProgram("runs", "show", "report/1", "--follow")
		r := h.start(t, k)
		h.chunk(t, r, 0, 0, "one\n")
		testkit.Until(t, "its first line", func() bool { return p.out.String() == "one\n" })
		h.chunk(t, r, 1, 4, "two, ")
		h.finish(t, r, store.Waiting, store.AttemptFailed, 1, store.Output{Head: []byte("one\ntwo, three\n"), Bytes: 15})
		testkit.Until(t, "the rest of the first attempt", func() bool { return p.out.String() == "one\ntwo, three\n" })
		r = h.start(t, k)
		h.chunk(t, r, 0, 0, "again\n")
		testkit.Until(t, "the second attempt", func() bool { return p.out.String() == "one\ntwo, three\nagain\n" })
		h.finish(t, r, store.Failed, store.AttemptFailed, 1, store.Output{Head: []byte("again\nend\n"), Bytes: 10})
		code, stdout, stderr := p.end(t)
		if code != exitcode.OK || stdout != "one\ntwo, three\nagain\nend\n" || !strings.Contains(stderr, "understudy: this is attempt 2\n") {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	})
}

// What stands in the record of a run may be what the attempt before wrote.
func TestRuns_OutputOfAnInterruptedAttemptIsNotThatOfTheOneBefore(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		k := h.trigger(t, "report", "1")
		output := store.Output{Head: []byte("first\n"), Bytes: 6}
		h.finish(t, h.start(t, k), store.Waiting, store.AttemptFailed, 1, output)
		r := h.start(t, k)
		h.chunk(t, r, 0, 0, "sec")
		h.finish(t, r, store.Exited, store.AttemptExited, 0, output)
		if stdout, _ := want(t, exitcode.OK, []string{"runs", "show", "report/1", "--output"}); stdout != "sec" {
			t.Errorf("%q, want that of the second attempt", stdout)
		}
	})
}

func TestRuns_CancelAndRetry(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri, "UNDERSTUDY_HOST=laptop")
		h := s.hold(t, store.Job{Name: "report"})
		for _, run := range []string{"waits", "runs"} {
			if _, _, err := h.store.Submit(t.Context(), store.Run{Key: h.key("report", run), Trigger: store.ByPerson}, nil, 10); err != nil {
				t.Fatal(err)
			}
		}
		r := h.start(t, h.key("report", "runs"))
		want(t, exitcode.OK, []string{"runs", "cancel", "report/waits"}, "report/waits is cancelled\n")
		want(t, exitcode.OK, []string{"runs", "cancel", "report/runs", "--why", "wrong data"}, "report/runs is to be cancelled: its instance stops it\n")
		got, err := h.store.Run(t.Context(), r.Key)
		if err != nil || got.Cancel == nil || got.Cancel.Why != "wrong data" || !strings.HasSuffix(got.Cancel.By, "@laptop") {
			t.Errorf("%+v, %v", got.Cancel, err)
		}
		want(t, exitcode.OK, []string{"runs", "show", "report/runs"}, "processing, and is to be cancelled")
		want(t, exitcode.Failure, []string{"runs", "retry", "report/runs"}, "report/runs is processing, and cannot be retried")
		want(t, exitcode.Failure, []string{"runs", "retry", "report/waits"}, "what follows its end is not done yet")
		h.finish(t, r, store.Completed, store.AttemptCompleted, 0, store.Output{})
		want(t, exitcode.Failure, []string{"runs", "cancel", "report/runs"}, "report/runs is completed already, and cannot be cancelled")
		want(t, exitcode.Failure, []string{"runs", "retry", "report/runs"}, "report/runs is completed, and cannot be retried: only what failed")
		h.ended(t, h.key("report", "failed"), store.Failed, store.AttemptFailed, 2, time.Hour)
		want(t, exitcode.OK, []string{"runs", "retry", "report/failed", "--json"}, `"status": "waiting"`, `"remark": "retried by `)
		for _, args := range []string{"runs cancel report/none", "runs retry report/none"} {
			want(t, exitcode.Failure, strings.Fields(args), "there is no run report/none")
		}
	})
}

// A record that cannot be understood keeps nobody from seeing the others.
func TestRuns_OneThatCannotBeUnderstoodIsTold(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		h.ended(t, h.key("report", "good"), store.Completed, store.AttemptCompleted, 0, time.Hour)
		h.ended(t, h.key("report", "bad"), store.Failed, store.AttemptFailed, 1, time.Hour)
		s.spoilRun(t, "bad")
		for _, args := range [][]string{{"runs"}, {"jobs"}, {"runs", "report"}, {"runs", "--json"}, {"status"}} {
			_, stdout, stderr := inProcess(args...)
			if args[0] != "status" && !strings.Contains(stderr, " cannot be read: ") || !isHarmless(stdout+stderr) || !strings.Contains(stdout, "report") && args[0] != "status" {
				t.Errorf("%q: stdout %q, stderr %q", args, stdout, stderr)
			}
		}
		_, stderr := want(t, exitcode.Unavailable, []string{"runs", "show", "report/bad"}, "corrupt record")
		if !isHarmless(stderr) {
			t.Error(stderr)
		}
	})
}

func TestOutputWriter_MakesATerminalSafe(t *testing.T) {
	const text = "plain\tünï 主\n\x1b[31mred\x1b[0m\r\nhalf\rline\n\u009b2J\u202e\xff\xe4\xbd"
	const safe = "plain\tünï 主\n" + `\x1b[31mred\x1b[0m` + "\n" + `half\x0dline` + "\n" + `\x9b2J\u202e\xff\xe4\xbd` + "\n"
	for size := 1; size <= len(text); size++ {
		var b bytes.Buffer
		w := outputWriter{out: &b, harmless: true}
		for rest := []byte(text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if err := w.write(rest[:min(size, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.flush(); err != nil || b.String() != safe {
			t.Errorf("in pieces of %d: %q, want %q; %v", size, b.String(), safe, err)
		}
	}
	var b bytes.Buffer
	w := outputWriter{out: &b}
	for _, c := range []byte(text) {
		_ = w.write([]byte{c})
	}
	if err := w.flush(); err != nil || b.String() != text {
		t.Errorf("not on a terminal: %q, want it as it was; %v", b.String(), err)
	}
}

func TestShowRuns_FitsTheTerminal(t *testing.T) {
	at := time.Date(2027, 3, 14, 12, 0, 0, 0, time.UTC)
	list := []store.Run{
		{Key: store.Key{Job: "report", Run: uuid.NewString()}, State: store.Processing, Attempt: 12, At: at, Attempts: []store.Attempt{{Number: 12, Host: strings.Repeat("h", 60), From: at.Add(-99 * time.Hour)}},
			Progress: store.Progress{Percent: 50, Text: strings.Repeat("p", 200), At: at}},
		{Key: store.Key{Job: "report", Run: "1"}, State: store.Waiting, At: at, Due: at.Add(-time.Minute)},
	}
	var views []view.Run
	for _, r := range list {
		views = append(views, view.OfRun(r))
	}
	for _, columns := range []int{200, 150, 120, 100, 80, 70} {
		for _, l := range showRuns(views, at, columns) {
			if l.Width() > columns {
				t.Errorf("%d columns of %d: %s", l.Width(), columns, l.Paint(false))
			}
		}
	}
}
