package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestOutdated_WhatWaitedBeforeTheDefinition(t *testing.T) {
	slots := func(change func(d *jobs.Definition)) jobs.Definition {
		d := jobs.Definition{Name: "j", Schedules: []string{"0 3 1 1 *"}, StartWithin: time.Minute, Overlap: jobs.OverlapQueue}
		if change != nil {
			change(&d)
		}
		return d
	}
	disabled := func(d *jobs.Definition) { d.Disabled = true }
	skip := func(d *jobs.Definition) { d.Missed.Policy = jobs.MissedSkip }
	for _, tt := range []struct {
		name    string
		job     jobs.Definition
		gone    bool // it was not in the file
		same    bool // the definition is the one that is stored
		slot    time.Duration
		due     time.Duration // 0: that of the slot
		attempt int
		want    string
	}{
		{"three weeks ago, of a job that was not in the file", slots(nil), true, true, 21 * 24 * time.Hour, 0, 0, "skipped"},
		{"three weeks ago, of a job with another schedule", slots(nil), false, false, 21 * 24 * time.Hour, 0, 0, "skipped"},
		{"three weeks ago, and it waits for its retry", slots(nil), true, true, 21 * 24 * time.Hour, 0, 1, "cancelled"},
		{"three weeks ago, and a person retried it", slots(nil), true, true, 21 * 24 * time.Hour, time.Second, 1, "processing"},
		{"three weeks ago, under the same definition", slots(nil), false, true, 21 * 24 * time.Hour, 0, 0, "processing"},
		{"within the window", slots(nil), false, false, 5 * time.Hour, 0, 0, "processing"},
		{"late, and what is late does not run", slots(skip), false, false, 2 * time.Minute, 0, 0, "skipped"},
		{"on time, and what is late does not run", slots(skip), false, false, 30 * time.Second, 0, 0, "processing"},
		{"on time, of a job that is disabled", slots(disabled), false, false, time.Second, 0, 0, "skipped"},
		{"it has begun, and its job is disabled", slots(disabled), false, false, time.Second, 0, 1, "processing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 2, tt.job)
			epoch := r.world.epoch
			slot := epoch.Add(-tt.slot)
			stored := store.Job{Name: "j", Mark: epoch.Add(-time.Second), Since: slot.Add(-time.Hour), Hash: "another", Term: 6, Revision: 1, Gone: tt.gone}
			if tt.same {
				stored.Hash = tt.job.Hash()
			}
			r.store.jobs["j"] = stored
			x := store.Run{Key: store.Key{Job: "j", Run: store.SlotID(slot)}, Slot: slot, At: slot, State: store.Waiting, Term: 6, Attempt: tt.attempt}
			if tt.due > 0 {
				x.Due = epoch.Add(tt.due)
			}
			k := r.put(x)
			k.Group = "g"
			r.begin()
			r.until("10:00:05")
			got := r.store.runs[k]
			if string(got.State) != tt.want || got.State.Ended() && (got.Open || got.Remark == "") {
				t.Errorf("it is %s, open %v, %q; want %s", got.State, got.Open, got.Remark, tt.want)
			}
			if (len(r.starts) > 0) != (tt.want == "processing") {
				t.Errorf("started %v", r.starts)
			}
		})
	}
}

func TestOutdated_WhatWasTriggeredRunsThoughItsJobIsDisabled(t *testing.T) {
	r := newRig(t, 2, jobs.Definition{Name: "j", Disabled: true, Schedules: []string{"* * * * *"}})
	r.store.submit("j", 1, 0, r.world.epoch)
	r.begin()
	equal(t, "started", r.starts, []string{"j/k:1#1"})
}

func TestStrays_AreSettledAfterTheirTime(t *testing.T) {
	r := newRig(t, 2, jobs.Definition{Name: "j"})
	epoch := r.world.epoch
	day := 24 * time.Hour
	put := func(job string, age time.Duration, slot bool) {
		x := store.Run{Key: store.Key{Job: job, Run: fmt.Sprintf("k:%v-%v", age, slot)}, At: epoch.Add(-age), State: store.Waiting, Term: 6}
		if slot {
			x.Slot = x.At
		}
		r.put(x)
	}
	for _, job := range []string{"unknown", "gone", "just"} {
		put(job, 8*day, false)
		put(job, 6*day, false)
		put(job, 2*day, true)
		put(job, time.Hour, true)
	}
	for i := range 50 {
		put(fmt.Sprint("many", i), 9*day, false)
	}
	r.store.jobs["gone"] = store.Job{Name: "gone", Gone: true, Since: epoch.Add(-30 * day), Term: 6, Revision: 1}
	r.store.jobs["just"] = store.Job{Name: "just", Since: epoch.Add(-30 * day), Term: 6, Revision: 1} // it was in the file of the holder before
	r.begin()
	r.until("11:00:00")
	for k, x := range r.store.runs {
		want := store.Waiting
		if strings.HasPrefix(k.Job, "many") || k.Job != "just" && (k.Run == "k:192h0m0s-false" || k.Run == "k:48h0m0s-true") {
			want = store.Skipped
		}
		if x.State != want || want == store.Skipped && !strings.Contains(x.Remark, "no active instance has had its job in its file") {
			t.Errorf("%s is %s, %q, want %s", k, x.State, x.Remark, want)
		}
	}
	if j := r.store.jobs["just"]; !j.Gone || j.Since.Before(epoch) {
		t.Errorf("the job that just left the file: %+v", j)
	}
	r.do(redefined{r.file(jobs.Definition{Name: "gone"}, jobs.Definition{Name: "j"})})
	r.until("11:00:10")
	equal(t, "started when the job is back", r.starts, []string{"gone/k:144h0m0s-false#1"})
}
