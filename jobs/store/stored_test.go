package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/registry"
)

func goodRun() Run {
	at := time.Date(2027, 3, 14, 1, 59, 26, 535e6, time.UTC)
	return Run{Key: Key{"g", "report", "1"}, At: at, Due: at, State: Processing, Open: true, Term: 1, Attempt: 1, Schema: Schema}
}

func TestInstant_CutsToTheMillisecond(t *testing.T) {
	at := time.Date(2027, 3, 14, 1, 59, 26, 535e6, time.UTC)
	for _, tt := range []struct{ in, want time.Time }{
		{at, at},
		{at.Add(999_999), at},
		{at.In(time.FixedZone("", 7200)), at},
		{time.Time{}, time.Time{}},
		{time.Unix(0, 0), time.Time{}},
		{time.UnixMilli(1), time.UnixMilli(1)},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{}},
	} {
		if got := Instant(tt.in); !got.Equal(tt.want) || !got.IsZero() && got.Location() != time.UTC {
			t.Errorf("Instant(%v) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

// What is stored is stored again as it is, so a record that was read can be written.
func TestStored_IsStoredAgainAsItIs(t *testing.T) {
	r := goodRun()
	long := strings.Repeat("ä\xff", 300)
	r.By, r.Remark, r.Progress = long, long, Progress{Percent: -3, Text: long, At: r.At.Add(1)}
	r.Cancel = &Request{By: long, Why: long, At: r.At.Add(1)}
	r.Attempts = make([]Attempt, MaxAttempts+5)
	r.Attempts[MaxAttempts] = Attempt{Host: long, From: r.At.Add(1), End: AttemptEnd(long)}
	r.Result, r.Output = []byte{}, Output{Head: []byte{}, Bytes: -1}
	once, err := r.Stored()
	if err != nil {
		t.Fatal(err)
	}
	if once.Result != nil || once.Output.Head != nil || once.Output.Bytes != 0 || len(once.Attempts) != MaxAttempts || len(once.Remark) > MaxRemark {
		t.Errorf("stored as %+v", once)
	}
	twice, err := once.Stored()
	if diff := cmp.Diff(once, twice); err != nil || diff != "" {
		t.Errorf("stored again: %v (- once, + twice):\n%s", err, diff)
	}
	if len(r.Attempts) != MaxAttempts+5 || r.Attempts[MaxAttempts].Host != long || r.Cancel.By != long {
		t.Error("Stored changed the run that it was called for")
	}
}

func TestRunCheck_NamesWhatIsWrong(t *testing.T) {
	for field, change := range map[string]func(r *Run){
		"group":         func(r *Run) { r.Group = "" },
		"job":           func(r *Run) { r.Job = "J" },
		"run":           func(r *Run) { r.Key.Run = "\x00" },
		"state":         func(r *Run) { r.State = "asleep" },
		"open":          func(r *Run) { r.Open = false },
		"at":            func(r *Run) { r.At = time.Time{} },
		"due":           func(r *Run) { r.State, r.Due = Waiting, time.Time{} },
		"endedAt":       func(r *Run) { r.State = Exited },
		"term":          func(r *Run) { r.Term = 0 },
		"attempt":       func(r *Run) { r.Attempt = -1 },
		"failures":      func(r *Run) { r.Failures = -1 },
		"interruptions": func(r *Run) { r.Interruptions = -1 },
		"schema":        func(r *Run) { r.Schema = 0 },
	} {
		r := goodRun()
		change(&r)
		if err := r.Check(); !errors.Is(err, registry.ErrCorrupt) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v; want ErrCorrupt and the field", field, err)
		}
	}
	r := goodRun()
	if err := r.Check(); err != nil {
		t.Error(err)
	}
	r.Schema, r.State = Schema+1, "what a newer version knows"
	if err := r.Check(); !errors.Is(err, registry.ErrSchema) {
		t.Errorf("a newer schema: %v, want ErrSchema", err)
	}
}
