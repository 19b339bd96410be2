package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func TestQueue_OrderIsPriorityThenDueThenName(t *testing.T) {
	r := newRig(t, 1, jobs.Definition{Name: "a"}, jobs.Definition{Name: "b"}, jobs.Definition{Name: "c"})
	put := func(job, run string, priority int, due string) {
		r.put(store.Run{Key: store.Key{Job: job, Run: run}, State: store.Waiting, Priority: priority, Due: timeOf(t, due)})
	}
	put("a", "k:1", 0, "09:30:00")
	put("b", "k:2", 0, "09:20:00")
	put("c", "k:3", 5, "09:40:00")
	put("a", "k:4", 0, "09:20:00")
	put("b", "k:5", 9, "10:00:30")
	put("c", "k:6", -1, "09:00:00")
	r.begin()
	for i := range 6 {
		if i >= len(r.starts) {
			t.Fatalf("only %v have started", r.starts)
		}
		job, run, _ := strings.Cut(strings.TrimSuffix(r.starts[i], "#1"), "/")
		at := r.world.epoch.Add(time.Duration(i+1) * 10 * time.Second)
		r.until(at.Format("15:04:05"))
		r.end(job, run, store.AttemptCompleted)
		r.until(at.Add(time.Second).Format("15:04:05"))
	}
	equal(t, "started", r.starts, []string{"c/k:3#1", "a/k:4#1", "b/k:2#1", "b/k:5#1", "a/k:1#1", "c/k:6#1"})
}

func TestQueue_SlotsThatComeTogetherGoByPriority(t *testing.T) {
	var list []jobs.Definition
	for i := range 10 {
		list = append(list, jobs.Definition{Name: fmt.Sprint("j", i), Schedules: []string{"@hourly"}, Priority: i})
	}
	r := newRig(t, 2, list...).begin()
	r.until("11:00:01")
	equal(t, "started", r.starts, []string{"j9/11:00:00#1", "j8/11:00:00#1"})
	if r.sent[kindClaim] != 1 {
		t.Errorf("%d claims", r.sent[kindClaim])
	}
	r.end("j9", "11:00:00", store.AttemptFailed)
	r.until("11:00:02")
	equal(t, "started", r.starts, []string{"j9/11:00:00#1", "j8/11:00:00#1", "j7/11:00:00#1"})
}

// A page of the store is small. In each of these cases the first one, or the first ones,
// have nothing on them that can start.
func TestPages_AFullOneHoldsNothingUp(t *testing.T) {
	const many = 100
	waits := func(r *rig, job string, n int) {
		for i := range n {
			r.put(store.Run{Key: store.Key{Job: job, Run: fmt.Sprintf("k:%03d", i)}, State: store.Waiting, Priority: 5})
		}
	}
	other := jobs.Definition{Name: "other"}
	for _, tt := range []struct {
		name  string
		jobs  []jobs.Definition
		put   func(r *rig)
		until string
		want  []string // starts that there have to be
	}{
		{"runs of jobs that are not in the file", nil, func(r *rig) {
			for i := range many {
				waits(r, fmt.Sprint("gone", i), 1)
			}
		}, "10:00:30", []string{"other/k:1#1"}},
		{"runs of a job of which one runs", []jobs.Definition{{Name: "j"}}, func(r *rig) { waits(r, "j", many) }, "10:00:01", []string{"j/k:000#1", "other/k:1#1"}},
		{"runs of a job of which one waits for its retry, which comes later in the queue", []jobs.Definition{{Name: "j", Overlap: jobs.OverlapQueue}}, func(r *rig) {
			waits(r, "j", many)
			r.put(store.Run{Key: store.Key{Job: "j", Run: "k:first"}, State: store.Waiting, Term: 6, Attempt: 1, Due: timeOf(r.t, "10:01:00")})
		}, "10:01:05", []string{"other/k:1#1", "j/k:first#2"}},
		{"late runs of a job that may overlap", []jobs.Definition{{Name: "j", Overlap: jobs.OverlapAllow, Schedules: []string{"* 8 * * *"}}}, func(r *rig) {
			for i := range 60 {
				slot := timeOf(r.t, fmt.Sprintf("08:%02d:00", i))
				r.put(store.Run{Key: store.Key{Job: "j", Run: store.SlotID(slot)}, Slot: slot, State: store.Waiting, Priority: 5})
			}
		}, "10:00:01", []string{"j/08:00:00#1", "other/k:1#1"}},
		{"open runs of an earlier term", []jobs.Definition{{Name: "j", Overlap: jobs.OverlapAllow}}, func(r *rig) {
			for i := range 3 * many {
				r.put(store.Run{Key: store.Key{Job: "j", Run: fmt.Sprintf("k:%03d", i)}, State: store.Processing, Term: 6, Attempt: 1, Interruptions: 3})
			}
		}, "10:00:30", []string{"other/k:1#1"}},
		{"runs that have ended and wait for what follows", []jobs.Definition{{Name: "j", Then: []jobs.Then{{Job: "other"}}}}, func(r *rig) {
			for i := range 3 * many {
				r.put(store.Run{Key: store.Key{Job: "j", Run: fmt.Sprintf("k:%03d", i)}, State: store.Completed, Open: true, Term: 6, Attempt: 1})
			}
			r.put(store.Run{Key: store.Key{Job: "j", Run: "k:left"}, State: store.Processing, Term: 6, Attempt: 1})
		}, "10:00:30", []string{"other/k:1#1", "j/k:left#2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 2, append(tt.jobs, other)...)
			tt.put(r)
			r.put(store.Run{Key: store.Key{Job: "other", Run: "k:1"}, State: store.Waiting})
			r.begin()
			r.until(tt.until)
			for _, want := range tt.want {
				found := false
				for _, s := range r.starts {
					found = found || s == want
				}
				if !found {
					t.Errorf("%s has not started; %d have: %v", want, len(r.starts), r.starts[:min(5, len(r.starts))])
				}
			}
		})
	}
}

// A record that nobody can read holds its job up no longer than it takes to see that.
func TestRetry_OneThatCannotBeReadHoldsNothingUp(t *testing.T) {
	r := newRig(t, 2, jobs.Definition{Name: "j", Schedules: []string{"1 10 * * *"}})
	k := r.put(store.Run{Key: store.Key{Job: "j", Run: "k:1"}, State: store.Waiting, Term: 6, Attempt: 1, Due: timeOf(t, "23:00:00")})
	r.away[kindRun] = true
	r.begin()
	r.do(answer{request: request{kind: kindRun, key: k, sent: r.now}, err: store.ErrNoRun})
	r.until("10:01:01")
	equal(t, "started", r.starts, []string{"j/10:01:00#1"})
}

func TestClaim_SplitsWhatIsTooMuchForOneCall(t *testing.T) {
	d := jobs.Definition{Name: "j", Schedules: []string{"@every 1s"}, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 1000}, StartWithin: time.Hour}
	r := newRig(t, 2, d)
	r.store.jobs["j"] = store.Job{Name: "j", Mark: timeOf(t, "08:00:00"), Hash: d.Hash(), Term: 6, Revision: 1}
	r.begin()
	r.until("10:00:01")
	if len(r.store.runs) < 2000 || r.sent[kindClaim] < 2 {
		t.Errorf("%d runs in %d claims", len(r.store.runs), r.sent[kindClaim])
	}
	if mark := r.store.jobs["j"].Mark; mark.Before(timeOf(t, "10:00:00")) {
		t.Errorf("the mark is %v", mark)
	}
}

func TestClaim_OneThatFailsAsAWholeIsMadeAgain(t *testing.T) {
	for _, err := range []error{registry.ErrSchema, registry.ErrCorrupt} {
		r := newRig(t, 2, jobs.Definition{Name: "j", Schedules: []string{"1 10 * * *"}})
		r.fails[kindClaim] = err
		r.begin()
		r.until("10:01:02")
		equal(t, "started", r.starts, nil)
		delete(r.fails, kindClaim)
		r.until("10:01:10")
		equal(t, "started", r.starts, []string{"j/10:01:00#1"})
	}
}

// A page of runs that are not started any more is not asked for again and again while their
// ends cannot be recorded.
func TestPages_WhatCannotBeRecordedCostsFewCalls(t *testing.T) {
	d := jobs.Definition{Name: "j", Schedules: []string{"* * * * *"}, Overlap: jobs.OverlapReplace}
	r := newRig(t, 2, d)
	r.store.jobs["j"] = store.Job{Name: "j", Mark: timeOf(t, "10:00:00"), Since: timeOf(t, "09:00:00"), Hash: d.Hash(), Term: 6, Revision: 1}
	for i := range 8 {
		slot := timeOf(t, fmt.Sprintf("09:%02d:00", 50+i))
		r.put(store.Run{Key: store.Key{Job: "j", Run: store.SlotID(slot)}, Slot: slot, At: slot, State: store.Waiting})
	}
	r.fails[kindUpdate] = errSim
	calls := 0
	r.seen = func(a request) {
		if calls++; calls > 100 {
			t.Fatalf("%d requests at one instant, the last to %s", calls, a.kind)
		}
	}
	r.begin()
}

func TestPrune_OneThatFailsHoldsUpNoOtherJob(t *testing.T) {
	r := newRig(t, 2, jobs.Definition{Name: "a"}, jobs.Definition{Name: "b"})
	asked := map[string]bool{}
	r.seen = func(a request) {
		if a.kind == kindPrune {
			asked[a.key.Job] = true
		}
	}
	r.fails[kindPrune] = errSim
	r.begin()
	r.until("13:00:00")
	if !asked["a"] || !asked["b"] {
		t.Errorf("pruned were %v", asked)
	}
}
