package scheduler

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func TestTakeover_OfARun(t *testing.T) {
	k := store.Key{Job: "j", Run: "k:1"}
	for _, tt := range []struct {
		name   string
		run    store.Run
		job    jobs.Definition
		want   string
		starts []string
	}{
		{"of an earlier term, processing", store.Run{Key: k, State: store.Processing, Term: 6, Attempt: 1}, jobs.Definition{}, "processing", []string{"j/k:1#2"}},
		{"of an earlier term, and it may not run again", store.Run{Key: k, State: store.Processing, Term: 6, Attempt: 1}, jobs.Definition{Interrupted: jobs.InterruptedFail}, "exited", nil},
		{"of an earlier term, interrupted too often", store.Run{Key: k, State: store.Processing, Term: 6, Attempt: 4, Interruptions: 3}, jobs.Definition{}, "failed", nil},
		{"of this term, by a lead before", store.Run{Key: k, State: store.Processing, Term: 7, Attempt: 1}, jobs.Definition{}, "processing", []string{"j/k:1#2"}},
		{"which somebody wants to be cancelled", store.Run{Key: k, State: store.Processing, Term: 6, Attempt: 1, Cancel: &store.Request{By: "me"}}, jobs.Definition{}, "cancelled", nil},
		{"that waits", store.Run{Key: k, State: store.Waiting, Term: 6}, jobs.Definition{}, "processing", []string{"j/k:1#1"}},
		{"that waits for its retry", store.Run{Key: k, State: store.Waiting, Term: 6, Attempt: 1}, jobs.Definition{}, "processing", []string{"j/k:1#2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.job.Name = "j"
			r := newRig(t, 4, tt.job)
			r.put(tt.run)
			r.begin()
			r.until("10:00:01")
			if got := r.stored("j", "k:1"); got != tt.want {
				t.Errorf("it is %s, want %s", got, tt.want)
			}
			equal(t, "started", r.starts, tt.starts)
		})
	}
}

func TestTakeover_DoesWhatFollowsAnEndAndClosesIt(t *testing.T) {
	for _, tt := range []struct {
		state store.State
		want  []string
	}{
		{store.Completed, []string{"done/then:j/k:1#1", "always/then:j/k:1#1"}},
		{store.Failed, []string{"always/then:j/k:1#1", "failed/then:j/k:1#1"}},
		{store.Cancelled, []string{"always/then:j/k:1#1", "failed/then:j/k:1#1"}},
	} {
		r := newRig(t, 4,
			jobs.Definition{Name: "j", Then: []jobs.Then{{Job: "done"}, {Job: "failed", On: jobs.OnFailure}, {Job: "always", On: jobs.OnAlways}}},
			jobs.Definition{Name: "done", Priority: 1}, jobs.Definition{Name: "failed"}, jobs.Definition{Name: "always"})
		k := r.put(store.Run{Key: store.Key{Job: "j", Run: "k:1"}, State: tt.state, Open: true, Term: 6, Attempt: 1})
		r.away[kindChildren] = true
		r.begin()
		if !r.store.runs[k].Open {
			t.Errorf("%s: closed before what follows is stored", tt.state)
		}
		r.away[kindChildren] = false
		r.do(answer{request: request{kind: kindChildren}, err: errSim})
		r.until("10:00:01")
		if r.store.runs[k].Open || r.store.runs[k].State != tt.state {
			t.Errorf("%s: it is still open, or has another outcome: %+v", tt.state, r.store.runs[k])
		}
		equal(t, string(tt.state), r.starts, tt.want)
	}
}

func TestTakeover_ALaterTermEndsEverything(t *testing.T) {
	r := newRig(t, 4, jobs.Definition{Name: "j"})
	r.store.submit("j", 1, 0, r.world.epoch)
	r.begin()
	r.fails[kindJobs] = store.ErrSuperseded
	r.until("10:00:10")
	equal(t, "told to stop", r.stops, []string{"j/k:1 immediate true"})
	if !slices.Contains(r.notes, factSuperseded) {
		t.Error("nobody was told")
	}
	sent := r.sent[kindUpdate]
	r.end("j", "k:1", store.AttemptExited)
	r.until("10:05:00")
	if r.sent[kindUpdate] != sent || r.over {
		t.Errorf("it wrote, or its lead returned before it was told to: %d updates, over %v", r.sent[kindUpdate]-sent, r.over)
	}
	r.do(stop{immediate: true})
	if !r.over {
		t.Error("the lead does not return")
	}
}

func minutely(name string) jobs.Definition {
	return jobs.Definition{Name: name, Schedules: []string{"* * * * *"}}
}

// The terms were lost, or somebody has written garbage: what has such a record is left as it
// is, and all else goes on.
func TestTakeover_RecordsOfALaterTermAreLeftAsTheyAre(t *testing.T) {
	r := newRig(t, 4, minutely("spoilt"), minutely("queued"), minutely("j"))
	spoilt := store.Job{Group: "g", Name: "spoilt", Term: 99, Revision: 3, Mark: r.world.epoch.Add(-time.Hour), Hash: "h"}
	r.store.jobs["spoilt"] = spoilt
	r.store.submit("j", 1, 0, r.world.epoch)
	var left []store.Key
	for _, x := range []store.Run{
		{Key: store.Key{Job: "j", Run: "k:98"}, State: store.Waiting},
		{Key: store.Key{Job: "j", Run: "k:99"}, State: store.Processing, Attempt: 1},
		{Key: store.Key{Job: "queued", Run: "k:98"}, State: store.Waiting, Attempt: 1},
		{Key: store.Key{Job: "gone", Run: "k:98"}, State: store.Waiting},
	} {
		x.Term = 99
		left = append(left, r.put(x))
	}
	before := map[store.Key]store.Run{}
	for _, k := range left {
		before[k] = r.store.runs[k]
	}
	r.begin()
	r.end("j", "k:1", store.AttemptCompleted)
	r.until("10:02:30")
	if slices.Contains(r.notes, factSuperseded) || !slices.Contains(r.notes, factCallFailed) {
		t.Errorf("what people were told: %q", r.notes)
	}
	equal(t, "started", slices.Sorted(slices.Values(r.starts)), []string{"j/10:01:00#1", "j/k:1#1", "queued/10:01:00#1", "spoilt/10:01:00#1"})
	if diff := cmp.Diff(spoilt, r.store.jobs["spoilt"]); diff != "" {
		t.Errorf("the record of the job was changed (- before, + after):\n%s", diff)
	}
	for _, k := range left {
		if diff := cmp.Diff(before[k], r.store.runs[k]); diff != "" {
			t.Errorf("%s was changed (- before, + after):\n%s", k, diff)
		}
	}
}

// A claim of the holder before arrives after this one has read what was left behind.
func TestClaim_OfARunThatALateClaimHasMade(t *testing.T) {
	d := minutely("j")
	d.Overlap = jobs.OverlapQueue
	r := newRig(t, 4, d).begin()
	slot := timeOf(t, "10:01:00")
	r.away[kindOpen] = true // what it would find comes too late
	r.put(store.Run{Key: store.Key{Job: "j", Run: store.SlotID(slot)}, Slot: slot, At: slot, Due: slot, State: store.Processing, Term: 6, Attempt: 1})
	r.until("10:02:30")
	equal(t, "started", r.starts, []string{"j/10:01:00#2"})
	r.end("j", "10:01:00", store.AttemptCompleted)
	r.until("10:02:31")
	equal(t, "started", r.starts, []string{"j/10:01:00#2", "j/10:02:00#1"})
}

// The record of a run that runs is written over by somebody.
func TestUpdate_ARecordOfALaterTermEndsNothingElse(t *testing.T) {
	r := newRig(t, 4, minutely("j"), jobs.Definition{Name: "k"})
	r.store.submit("k", 1, 0, r.world.epoch)
	r.begin()
	k := store.Key{Group: "g", Job: "k", Run: "k:1"}
	run := r.store.runs[k]
	run.Term = 99
	r.store.runs[k] = run
	r.end("k", "k:1", store.AttemptCompleted)
	r.until("10:01:30")
	if !slices.Contains(r.notes, factEndLost) || slices.Contains(r.notes, factSuperseded) || len(r.m.runs) != 1 {
		t.Errorf("notes %q, %d runs", r.notes, len(r.m.runs))
	}
	equal(t, "started", r.starts, []string{"k/k:1#1", "j/10:01:00#1"})
}

func TestCatchUp_AfterAnOutage(t *testing.T) {
	for _, tt := range []struct {
		missed jobs.Missed
		starts []string
		states map[string]string
	}{
		{jobs.Missed{Policy: jobs.MissedSkip}, nil, map[string]string{"09:50:00": "skipped", "09:40:00": "none"}},
		{jobs.Missed{Policy: jobs.MissedOnce}, []string{"j/09:50:00#1"}, map[string]string{"09:40:00": "skipped"}},
		{jobs.Missed{Policy: jobs.MissedAll}, []string{"j/09:20:00#1", "j/09:30:00#1", "j/09:40:00#1", "j/09:50:00#1"}, map[string]string{}},
		{jobs.Missed{Policy: jobs.MissedAll, Limit: 2}, []string{"j/09:40:00#1", "j/09:50:00#1"}, map[string]string{"09:30:00": "skipped"}},
	} {
		for _, overlap := range jobs.Overlaps {
			d := jobs.Definition{Name: "j", Schedules: []string{"20,30,40,50 9 * * *"}, Missed: tt.missed, Overlap: overlap, StartWithin: time.Minute}
			r := newRig(t, 4, d)
			r.store.jobs["j"] = store.Job{Name: "j", Mark: timeOf(t, "09:10:00"), Hash: d.Hash(), Term: 6, Revision: 1}
			r.begin()
			for i := 0; i < len(r.starts); i++ { // one at a time, and the next when it has ended
				if i != len(r.starts)-1 {
					t.Errorf("%v, %s: %v run at the same time", tt.missed, overlap, r.starts)
				}
				r.end("j", r.starts[i][2:10], store.AttemptCompleted)
				r.until(r.world.epoch.Add(r.now + time.Second).Format("15:04:05"))
			}
			equal(t, string(tt.missed.Policy+" "+jobs.MissedPolicy(overlap)), r.starts, tt.starts)
			for run, want := range tt.states {
				if got := r.stored("j", run); got != want {
					t.Errorf("%v, %s: %s is %s, want %s", tt.missed, overlap, run, got, want)
				}
			}
			if mark := r.store.jobs["j"].Mark; !mark.Equal(timeOf(t, "09:50:00")) {
				t.Errorf("%v: the mark is %v", tt.missed, mark)
			}
		}
	}
}

func TestTakeover_ASealThatFailsAsAWholeIsMadeAgain(t *testing.T) {
	for _, err := range []error{registry.ErrSchema, registry.ErrCorrupt} {
		d := jobs.Definition{Name: "j", Schedules: []string{"* * * * *"}, Missed: jobs.Missed{Policy: jobs.MissedAll}}
		r := newRig(t, 4, d)
		r.store.jobs["j"] = store.Job{Name: "j", Mark: timeOf(t, "09:50:00"), Hash: d.Hash(), Term: 6, Revision: 1}
		r.fails[kindSeal] = err
		r.begin()
		r.until("10:00:01")
		if r.m.phase != sealing || len(r.starts) > 0 {
			t.Errorf("%v: phase %s, started %v", err, r.m.phase, r.starts)
		}
		delete(r.fails, kindSeal)
		r.until("10:00:10")
		equal(t, "started", r.starts, []string{"j/09:51:00#1"})
	}
}
