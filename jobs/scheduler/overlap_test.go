package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestOverlap_WhileARunIsProcessed(t *testing.T) {
	for _, tt := range []struct {
		overlap jobs.Overlap
		missed  jobs.MissedPolicy
		second  string   // the state of the second slot's run while the first one runs
		stops   []string // what is told to stop
		first   string   // the outcome of the first run
		starts  []string // in all, once the first run has ended
	}{
		{jobs.OverlapSkip, jobs.MissedOnce, "skipped", nil, "completed", []string{"j/10:01:00#1"}},
		{jobs.OverlapSkip, jobs.MissedAll, "waiting", nil, "completed", []string{"j/10:01:00#1", "j/10:02:00#1"}},
		{jobs.OverlapQueue, jobs.MissedOnce, "waiting", nil, "completed", []string{"j/10:01:00#1", "j/10:02:00#1"}},
		{jobs.OverlapReplace, jobs.MissedOnce, "waiting", []string{"j/10:01:00 immediate false"}, "cancelled", []string{"j/10:01:00#1", "j/10:02:00#1"}},
		{jobs.OverlapAllow, jobs.MissedOnce, "processing", nil, "completed", []string{"j/10:01:00#1", "j/10:02:00#1"}},
	} {
		t.Run(string(tt.overlap)+" "+string(tt.missed), func(t *testing.T) {
			r := newRig(t, 4, jobs.Definition{
				Name: "j", Schedules: []string{"* * * * *"}, Overlap: tt.overlap, Missed: jobs.Missed{Policy: tt.missed},
			}).begin()
			r.until("10:02:10")
			if got := r.stored("j", "10:02:00"); got != tt.second {
				t.Errorf("the second run is %s, want %s", got, tt.second)
			}
			equal(t, "told to stop", r.stops, tt.stops)
			end := store.AttemptCompleted
			if tt.stops != nil {
				end = store.AttemptFailed // by the signal
			}
			r.end("j", "10:01:00", end)
			if got := r.stored("j", "10:01:00"); got != tt.first {
				t.Errorf("the first run is %s, want %s", got, tt.first)
			}
			equal(t, "started", r.starts, tt.starts)
		})
	}
}

func TestOverlap_WhileARunWaitsForItsRetry(t *testing.T) {
	for _, tt := range []struct {
		overlap jobs.Overlap
		second  string   // the state of the second slot's run
		starts  []string // until the retry was due, and what began then has completed
		first   string
	}{
		{jobs.OverlapSkip, "skipped", []string{"j/10:01:00#1", "j/10:01:00#2"}, "completed"},
		{jobs.OverlapQueue, "waiting", []string{"j/10:01:00#1", "j/10:01:00#2", "j/10:02:00#1"}, "completed"},
		{jobs.OverlapReplace, "completed", []string{"j/10:01:00#1", "j/10:02:00#1"}, "cancelled"},
		{jobs.OverlapAllow, "completed", []string{"j/10:01:00#1", "j/10:02:00#1", "j/10:01:00#2"}, "completed"},
	} {
		t.Run(string(tt.overlap), func(t *testing.T) {
			r := newRig(t, 4, jobs.Definition{
				Name: "j", Schedules: []string{"1,2 10 * * *"}, Overlap: tt.overlap,
				Retries: jobs.Retries{Max: 1, Backoff: 2 * time.Minute, MaxBackoff: 2 * time.Minute},
			}).begin()
			r.until("10:01:10")
			r.end("j", "10:01:00", store.AttemptFailed)
			r.until("10:02:10")
			if r.stored("j", "10:02:00") == "processing" {
				r.end("j", "10:02:00", store.AttemptCompleted)
			}
			if got := r.stored("j", "10:02:00"); got != tt.second {
				t.Errorf("the second run is %s, want %s", got, tt.second)
			}
			r.until("10:03:20")
			if r.stored("j", "10:01:00") == "processing" {
				r.end("j", "10:01:00", store.AttemptCompleted)
			}
			if got := r.stored("j", "10:01:00"); got != tt.first {
				t.Errorf("the first run is %s, want %s", got, tt.first)
			}
			equal(t, "started", r.starts, tt.starts)
		})
	}
}

// What a person asked for is not given up because a slot comes: it ends, or waits for its
// turn, and the slot waits for it.
func TestReplace_SparesWhatSomebodyAskedFor(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  store.Run
	}{
		{"triggered", store.Run{Key: store.Key{Job: "j", Run: "k:1"}, Trigger: store.ByPerson}},
		{"follows another run", store.Run{Key: store.Key{Job: "j", Run: "then:a/1"}, Trigger: store.ByRun}},
		{"slot retried", store.Run{Key: store.Key{Job: "j", Run: "2027-01-01T08:00:00Z"}, Slot: timeOf(t, "08:00:00"), Attempt: 1, RetriedBy: "ada"}},
		{"cancelled slot retried", store.Run{Key: store.Key{Job: "j", Run: "2027-01-01T08:00:00Z"}, Slot: timeOf(t, "08:00:00"), RetriedBy: "ada"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := jobs.Definition{
				Name: "j", Schedules: []string{"* * * * *"}, Overlap: jobs.OverlapReplace,
				Retries: jobs.Retries{Max: 1, Backoff: 90 * time.Second, MaxBackoff: 90 * time.Second},
			}
			r := newRig(t, 4, d)
			r.store.jobs["j"] = store.Job{Name: "j", Mark: timeOf(t, "10:00:00"), Since: timeOf(t, "07:00:00"), Hash: d.Hash(), Term: 6, Revision: 1}
			r.begin()
			r.until("10:00:30")
			tt.run.State, tt.run.Term, tt.run.Due = store.Waiting, 7, timeOf(t, "10:00:30")
			k := r.put(tt.run)
			run, first := strings.TrimPrefix(r.short(k), "j/"), tt.run.Attempt+1
			r.do(changed{})
			r.until("10:02:10")
			equal(t, "started", r.starts, []string{fmt.Sprintf("j/%s#%d", run, first)})
			equal(t, "told to stop", r.stops, nil)
			r.end("j", run, store.AttemptFailed) // it waits for its retry
			r.until("10:02:20")
			equal(t, "started", r.starts, []string{fmt.Sprintf("j/%s#%d", run, first), "j/10:02:00#1"})
			if got := r.stored("j", "10:01:00"); got != "skipped" {
				t.Errorf("the slot that another one has replaced is %s", got)
			}
			r.until("10:03:10") // the next slot replaces the one before
			equal(t, "told to stop", r.stops, []string{"j/10:02:00 immediate false"})
			r.until("10:03:45")
			r.end("j", "10:02:00", store.AttemptFailed)
			r.until("10:03:50")
			r.end("j", "10:03:00", store.AttemptCompleted) // was due before the retry
			r.until("10:03:55")
			r.end("j", run, store.AttemptCompleted)
			if got := r.stored("j", run); got != "completed" {
				t.Errorf("%s is %s", run, got)
			}
		})
	}
}

// A slot that found no place is not run long after its time, if a later one has come: with
// skip, at most one run of the job has waited.
func TestOverlap_SkipLetsOneRunWait(t *testing.T) {
	r := newRig(t, 1,
		jobs.Definition{Name: "a", Schedules: []string{"0 10 * * *"}},
		jobs.Definition{Name: "j", Schedules: []string{"* * * * *"}, StartWithin: 90 * time.Second},
	)
	r.store.submit("a", 1, 9, r.world.epoch)
	r.begin()
	r.until("10:10:10")
	r.end("a", "k:1", store.AttemptCompleted)
	r.until("10:10:20")
	equal(t, "started", r.starts, []string{"a/k:1#1", "j/10:09:00#1"})
	for _, run := range []string{"10:01:00", "10:08:00"} {
		if got := r.stored("j", run); got != "skipped" {
			t.Errorf("j/%s is %s", run, got)
		}
	}
}
