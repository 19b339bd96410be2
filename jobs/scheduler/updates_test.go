package scheduler

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestUpdate_WhatIsTooLargeIsNotTriedAgainAtOnce(t *testing.T) {
	r := newRig(t, 2, jobs.Definition{Name: "j"})
	k := store.Key{Group: "g", Job: "j", Run: "k:1"}
	r.store.submit("j", 1, 0, r.world.epoch)
	r.begin()
	r.fails[kindUpdate] = store.ErrTooLarge
	before := r.sent[kindUpdate]
	r.seen = func(request) {
		if n := r.sent[kindUpdate] - before; n > 2 {
			t.Fatalf("%d updates at one instant", n)
		}
	}
	r.do(attemptEnded{k, ending{end: store.AttemptCompleted, output: store.Output{Head: []byte("x"), Bytes: 1}}})
	r.seen = nil
	delete(r.fails, kindUpdate)
	r.until("10:00:10")
	if x := r.store.runs[k]; x.State != store.Completed || len(x.Output.Head) > 0 || x.Output.Bytes != 1 || x.Remark == "" {
		t.Errorf("it is stored as %+v", x)
	}
}

func TestCancel_WhileTheEndIsRecordedKeepsTheRunFromItsRetry(t *testing.T) {
	r := newRig(t, 2, jobs.Definition{Name: "j", Retries: jobs.Retries{Max: 3, Backoff: time.Second}})
	k := store.Key{Group: "g", Job: "j", Run: "k:1"}
	r.store.submit("j", 1, 0, r.world.epoch)
	r.begin()
	r.seen = func(a request) {
		if a.kind == kindUpdate { // it is on its way when the request comes
			r.seen = nil
			r.store.cancel(k, r.world.epoch)
		}
	}
	r.end("j", "k:1", store.AttemptFailed)
	r.until("10:00:10")
	equal(t, "started", r.starts, []string{"j/k:1#1"})
	if got := r.stored("j", "k:1"); got != "cancelled" {
		t.Errorf("it is %s", got)
	}
}

// A holder may read of a cancel before it has the answer to its claim.
func TestCancel_WhileTheClaimHasNoAnswerStartsNothing(t *testing.T) {
	for _, k := range []kind{kindUpdate, kindClaim} {
		t.Run(string(k), func(t *testing.T) {
			r := newRig(t, 2, jobs.Definition{Name: "j"}, jobs.Definition{Name: "slot", Schedules: []string{"1 10 * * *"}}).begin()
			r.until("10:00:59")
			r.away[k] = true
			var sent request
			r.seen = func(a request) {
				if a.kind == k {
					sent = a
				}
			}
			if k == kindUpdate {
				r.store.submit("j", 1, 0, r.world.epoch)
			}
			r.do(changed{})
			r.until("10:01:00")
			a := r.store.apply(r.m.holder, sent)
			r.store.cancel(sent.runs[0].Key, r.world.epoch)
			r.do(changed{})
			r.until("10:01:01")
			r.away[kindOpen], r.away[k] = true, false
			r.do(a)
			started := "j/k:1#1"
			if k == kindClaim {
				started = "slot/10:01:00#1"
			}
			for _, s := range r.starts {
				if s == started {
					t.Error("it was started")
				}
			}
			if got := r.store.runs[sent.runs[0].Key].State; got != store.Cancelled {
				t.Errorf("it is %s", got)
			}
		})
	}
}

func TestSave_ARevisionHasAnEnd(t *testing.T) {
	d := jobs.Definition{Name: "j", Schedules: []string{"* * * * *"}}
	r := newRig(t, 2, d)
	r.store.jobs["j"] = store.Job{Name: "j", Mark: r.world.epoch, Since: r.world.epoch, Hash: d.Hash(), Term: 7, Revision: store.MaxRevision - 5}
	saved := 0
	r.seen = func(a request) {
		for _, j := range a.jobs {
			if saved++; j.Revision < 1 || j.Revision > store.MaxRevision {
				t.Errorf("revision %d", j.Revision)
			}
		}
	}
	r.begin()
	if saved == 0 {
		t.Error("nothing was saved")
	}
}
