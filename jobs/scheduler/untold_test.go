package scheduler

import (
	"fmt"
	"testing"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// Ends that nobody takes stay open for long. They are not read again and again, and what
// else is open is.
func TestOpen_WhatIsUntoldIsReadOnce(t *testing.T) {
	r := newRig(t, 4, jobs.Definition{Name: "j", OnFinish: "https://hooks.example/x"}, jobs.Definition{Name: "other"})
	for n := range maxUntold {
		r.put(store.Run{Key: store.Key{Job: "j", Run: fmt.Sprintf("k:%03d", n)}, State: store.Completed, Open: true, Term: 6, Attempt: 1})
	}
	read := 0
	r.seen = func(q request) {
		if q.kind == kindOpen {
			read += len(r.store.apply(r.m.holder, q).runs)
		}
	}
	r.begin()
	r.until("10:02:00")
	if reads := r.sent[kindOpen]; reads < 20 || read > maxUntold+reads {
		t.Errorf("%d calls have read %d runs, of which %d were there", reads, read, maxUntold)
	}
	r.store.submit("other", 1, 0, r.world.epoch.Add(r.now))
	r.do(changed{})
	r.store.cancel(store.Key{Group: "g", Job: "other", Run: "k:1"}, r.world.epoch.Add(r.now))
	r.until("10:02:10")
	equal(t, "told to stop", r.stops, []string{"other/k:1 immediate false"})
}
