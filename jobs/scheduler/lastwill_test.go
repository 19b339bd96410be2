package scheduler

import (
	"context"
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// dead is a holder that died while an attempt ran.
type dead struct {
	backend store.Backend
	holder  store.Holder
	run     store.Run     // as it was claimed
	left    lastwill.Run  // what is left of it
	from    time.Time     // when it was claimed
	since   time.Duration // the same instant, of boottime's clock
}

// onDead runs a test on both backends.
func onDead(t *testing.T, d jobs.Definition, test func(t *testing.T, x *dead)) {
	begin := func(t *testing.T, b store.Backend, err error) {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close(context.Background()) })
		test(t, newDead(t, b, d))
	}
	t.Run("sqlite", func(t *testing.T) {
		b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "r.db"), sqlite.Options{OrphanAfter: time.Minute})
		begin(t, b, err)
	})
	t.Run("mongodb", func(t *testing.T) {
		b, err := mongotest.OpenRegistry(t.Context(), mongotest.Shared(t))
		begin(t, b, err)
	})
}

func newDead(t *testing.T, b store.Backend, d jobs.Definition) *dead {
	t.Helper()
	x := &dead{backend: b, holder: begun(t, b, 1), from: time.Now().Truncate(time.Millisecond), since: boottime.Now()}
	d = d.WithDefaults(time.Minute, time.Second)
	x.run = store.Run{
		Key: store.Key{Group: "g", Job: "j", Run: store.SlotID(x.from)}, Trigger: store.BySchedule, Slot: x.from.Truncate(time.Second), At: x.from, Due: x.from,
		State: store.Processing, Open: true, Attempt: 1, Nonce: uuid.New(), Schema: store.Schema,
		Attempts: []store.Attempt{{Number: 1, Instance: x.holder.Instance, Host: "h", Term: 1, From: x.from}},
	}
	if there, err := b.Jobs().Claim(t.Context(), x.holder, []store.Run{x.run}); err != nil || there[0] != nil {
		t.Fatal(there, err)
	}
	rules := left{Key: x.run.Key, Attempt: 1, Nonce: x.run.Nonce, At: x.from, Local: x.since, Rules: rulesOf(d)}.text()
	x.left = lastwill.Run{Group: "g", Instance: x.holder.Instance, Term: 1, Rules: rules}
	return x
}

// begun begins a term.
func begun(t *testing.T, b store.Backend, term int64) store.Holder {
	t.Helper()
	h := store.Holder{Group: "g", Term: term, Instance: uuid.Must(uuid.NewV7())}
	if err := b.BeginTerm(t.Context(), registry.Term{Group: "g", Number: term, Holder: h.Instance, Schema: registry.Schema}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (x *dead) stored(t *testing.T) store.Run {
	t.Helper()
	r, err := x.backend.Jobs().Run(t.Context(), x.run.Key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settle carries out the will, with the end of an attempt, and returns what is stored then.
// Without an end it is not known.
func (x *dead) settle(t *testing.T, end store.AttemptEnd, code int, after time.Duration) store.Run {
	t.Helper()
	lastwill.DescribeWith(func(json.RawMessage, lastwill.RunEnd) lastwill.Outcome {
		return lastwill.Outcome{End: string(end), Code: code, Remark: "as described", Result: []byte("result")}
	})
	defer lastwill.DescribeWith(nil)
	if end != "" {
		x.left.Command, x.left.End = json.RawMessage("{}"), &lastwill.RunEnd{At: x.since + after}
	}
	if err := x.left.Settle(t.Context(), x.backend); err != nil {
		t.Fatal(err)
	}
	return x.stored(t)
}

func TestSettle_DecidesAsTheHolderWouldHave(t *testing.T) {
	retries := jobs.Retries{Max: 1, Backoff: time.Minute, MaxBackoff: time.Minute, FinalExitCodes: []int{65}}
	for _, test := range []struct {
		name       string
		definition jobs.Definition
		end        store.AttemptEnd // empty: not known
		code       int
		want       store.State
	}{
		{name: "completed", end: store.AttemptCompleted, want: store.Completed},
		{name: "failed", end: store.AttemptFailed, code: 3, want: store.Failed},
		{name: "failed, and is retried", definition: jobs.Definition{Retries: retries}, end: store.AttemptFailed, code: 3, want: store.Waiting},
		{name: "failed with a final code", definition: jobs.Definition{Retries: retries}, end: store.AttemptFailed, code: 65, want: store.Failed},
		{name: "timed out", end: store.AttemptTimedOut, code: 143, want: store.TimedOut},
		{name: "killed", end: store.AttemptExited, code: 137, want: store.Waiting},
		{name: "killed, and is not run again", definition: jobs.Definition{Interrupted: jobs.InterruptedFail}, end: store.AttemptExited, code: 137, want: store.Exited},
		{name: "not known", want: store.Waiting},
		{name: "not known, and is not run again", definition: jobs.Definition{Interrupted: jobs.InterruptedFail}, want: store.Exited},
	} {
		t.Run(test.name, func(t *testing.T) {
			onDead(t, test.definition, func(t *testing.T, x *dead) {
				const took = 2 * time.Second
				r := x.settle(t, test.end, test.code, took)
				end, remark, result := test.end, "as described", "result"
				if end == "" {
					end, remark, result = store.AttemptExited, goneRemark, ""
				}
				a := r.Attempts[0]
				if r.State != test.want || !r.Open || r.Nonce != uuid.Nil || r.Remark != remark || string(r.Result) != result ||
					len(r.Attempts) != 1 || a.End != end || a.ExitCode != test.code || r.Term != 1 || r.Instance != x.holder.Instance {
					t.Errorf("stored: %+v; want it open and %s, its attempt %s with code %d", r, test.want, end, test.code)
				}
				if test.end != "" && !a.To.Equal(x.from.Add(took)) {
					t.Errorf("it ended at %v, want %v", a.To, x.from.Add(took))
				}
				if test.end == "" && (a.To.Before(x.from) || a.To.After(time.Now().Add(time.Second))) {
					t.Errorf("it ended at %v, want about now", a.To)
				}
				if interrupted := end == store.AttemptExited; (r.Interruptions == 1) != interrupted {
					t.Errorf("%d interruptions", r.Interruptions)
				}
				if pause := r.Due.Sub(a.To); test.want == store.Waiting && end == store.AttemptFailed && (pause < time.Minute || pause > 72*time.Second || r.Failures != 1) {
					t.Errorf("due %v after its end, after %d failures", pause, r.Failures)
				}
				again := x.settle(t, test.end, test.code, took)
				if !reflect.DeepEqual(again, r) {
					t.Errorf("a second time: %+v, want %+v", again, r)
				}
			})
		})
	}
}

func TestSettle_CancelledRunIsNotRunAgain(t *testing.T) {
	for _, end := range []store.AttemptEnd{store.AttemptExited, store.AttemptFailed, ""} {
		t.Run(string(end), func(t *testing.T) {
			onDead(t, jobs.Definition{Retries: jobs.Retries{Max: 3}}, func(t *testing.T, x *dead) {
				if _, err := x.backend.Jobs().Cancel(t.Context(), x.run.Key, "somebody", "not needed"); err != nil {
					t.Fatal(err)
				}
				r := x.settle(t, end, 1, time.Second)
				if r.State != store.Cancelled || r.Attempts[0].End != store.AttemptCancelled || !strings.Contains(r.Remark, "somebody") {
					t.Errorf("stored: %+v, want a cancelled run", r)
				}
			})
		})
	}
}

// A guard that was frozen may carry out the will at any time.
func TestSettle_ChangesNothingAboutWhichSomebodyElseHasDecided(t *testing.T) {
	endTerm := func(t *testing.T, x *dead) {
		t.Helper()
		if err := x.backend.EndTerm(t.Context(), "g", 1, x.holder.Instance, registry.End{Reason: registry.Orphaned}); err != nil {
			t.Fatal(err)
		}
	}
	update := func(t *testing.T, x *dead, h store.Holder, change func(r *store.Run)) {
		t.Helper()
		r := x.stored(t)
		was := r.Version()
		change(&r)
		if _, err := x.backend.Jobs().Update(t.Context(), h, was, r); err != nil {
			t.Fatal(err)
		}
	}
	waits := func(r *store.Run) { *r = again(*r, time.Now(), "interrupted") }
	for name, decide := range map[string]func(t *testing.T, x *dead){
		"the holder itself, in its last moment": func(t *testing.T, x *dead) {
			update(t, x, x.holder, func(r *store.Run) { r.State, r.Open, r.EndedAt = store.Completed, false, time.Now() })
		},
		"the next holder": func(t *testing.T, x *dead) {
			endTerm(t, x)
			update(t, x, begun(t, x.backend, 2), waits)
		},
		"the next holder, which runs it again": func(t *testing.T, x *dead) {
			endTerm(t, x)
			h := begun(t, x.backend, 2)
			update(t, x, h, waits)
			update(t, x, h, func(r *store.Run) { r.State, r.Attempt, r.Nonce = store.Processing, 2, uuid.New() })
		},
		"the same holder, which runs it again": func(t *testing.T, x *dead) {
			update(t, x, x.holder, waits)
			update(t, x, x.holder, func(r *store.Run) { r.State, r.Attempt, r.Nonce = store.Processing, 2, uuid.New() })
		},
		"a person who cancelled it while it waited": func(t *testing.T, x *dead) {
			update(t, x, x.holder, waits)
			if _, err := x.backend.Jobs().Cancel(t.Context(), x.run.Key, "somebody", ""); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			onDead(t, jobs.Definition{}, func(t *testing.T, x *dead) {
				decide(t, x)
				before := x.stored(t)
				for _, end := range []store.AttemptEnd{"", store.AttemptExited, store.AttemptCompleted} {
					if after := x.settle(t, end, 0, time.Second); !reflect.DeepEqual(before, after) {
						t.Errorf("before: %+v\nafter: %+v", before, after)
					}
				}
			})
		})
	}
}

// A run may be pruned, and a record may be damaged. Neither keeps the term from its end.
func TestSettle_SaysWhyItCannotRecordAnything(t *testing.T) {
	onDead(t, jobs.Definition{}, func(t *testing.T, x *dead) {
		for name, spoil := range map[string]func(r *lastwill.Run){
			"no such run": func(r *lastwill.Run) {
				r.Rules = left{Key: store.Key{Group: "g", Job: "j", Run: "k:none"}}.text()
			},
			"garbled": func(r *lastwill.Run) { r.Rules = json.RawMessage("[") },
		} {
			run := x.left
			spoil(&run)
			if err := run.Settle(t.Context(), x.backend); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if err := x.left.Settle(t.Context(), struct{ registry.Registry }{x.backend}); err == nil {
			t.Error("a registry without jobs: no error")
		}
		if r := x.stored(t); r.State != store.Processing {
			t.Errorf("the run is %s", r.State)
		}
	})
}

// However much a definition says, what a last will has to know of it is small.
func TestLeft_IsSmall(t *testing.T) {
	d := jobs.Definition{OnFinish: "https://hooks.example/sEcReT"}
	for code := 1; code <= 255; code++ {
		d.Retries.FinalExitCodes = append(d.Retries.FinalExitCodes, code)
	}
	l := left{Key: store.Key{Group: strings.Repeat("g", 100), Job: strings.Repeat("j", store.MaxJob), Run: strings.Repeat("r", store.MaxRunID)}, Rules: rulesOf(d)}
	text := l.text()
	if len(text) > 2500 || strings.Contains(string(text), "sEcReT") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
	var again left
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(l, again) {
		t.Errorf("%+v, %v; want %+v", again, err, l)
	}
}

// The instance that was killed could not tell anybody, and neither could its last will.
func TestMachine_TellsOfTheEndsThatALastWillHasRecorded(t *testing.T) {
	list := []jobs.Definition{{Name: "j", Then: []jobs.Then{{Job: "k", On: jobs.OnAlways}}, Retries: jobs.Retries{Max: 3}}, {Name: "k"}}
	for name, test := range map[string]struct {
		run   store.Run
		tells bool
	}{
		"ended":                   {store.Run{State: store.Failed, Open: true, Failures: 1}, true},
		"completed":               {store.Run{State: store.Completed, Open: true}, true},
		"waits":                   {store.Run{State: store.Waiting, Interruptions: 1}, true},
		"started again by people": {store.Run{State: store.Waiting}, false},
		"told by its holder":      {store.Run{State: store.Failed, Open: true, Failures: 1, Nonce: uuid.UUID{1}}, false},
		"waits, told":             {store.Run{State: store.Waiting, Failures: 1, Nonce: uuid.UUID{1}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 3, list...)
			test.run.Key, test.run.Attempt, test.run.Term = store.Key{Group: "g", Job: "j", Run: "k:1"}, 1, 6
			k := r.put(test.run)
			r.begin()
			told := 0
			for _, o := range r.outcomes {
				if o.Key == k && o.Attempt == 1 {
					told++
				}
			}
			if (told == 1) != test.tells || told > 1 {
				t.Errorf("told %d times; want once: %v", told, test.tells)
			}
			if stored := r.store.runs[k]; stored.State.Ended() && (stored.Open || r.stored("k", store.ChildID(k)) == "none") {
				t.Errorf("the run is open: %v; the run that follows is %s", stored.Open, r.stored("k", store.ChildID(k)))
			}
		})
	}
}
