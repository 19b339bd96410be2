package scheduler

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// busyRig returns a rig in which a run of a job with a drain, and one of a job without,
// run, and a third job has a slot at each minute.
func busyRig(t *testing.T) *rig {
	r := newRig(t, 4, jobs.Definition{Name: "long", Drain: time.Minute}, jobs.Definition{Name: "short"},
		jobs.Definition{Name: "slots", Schedules: []string{"* * * * *"}})
	r.store.submit("long", 1, 0, r.world.epoch)
	r.store.submit("short", 1, 0, r.world.epoch)
	r.begin()
	r.until("10:00:50")
	equal(t, "started", r.starts, []string{"long/k:1#1", "short/k:1#1"})
	return r
}

func TestDrain_LetsRunsEndWithinTheirDrain(t *testing.T) {
	r := busyRig(t)
	r.do(drain{})
	equal(t, "told to stop", r.stops, []string{"short/k:1 immediate false"})
	r.end("short", "k:1", store.AttemptFailed)
	r.until("10:01:45")
	equal(t, "told to stop", r.stops, []string{"short/k:1 immediate false"})
	r.end("long", "k:1", store.AttemptCompleted)
	if r.drained != 1 || r.over {
		t.Errorf("drained %d times, over %v", r.drained, r.over)
	}
	r.until("10:10:00")
	r.do(stop{})
	if !r.over || r.drained != 1 {
		t.Errorf("drained %d times, over %v", r.drained, r.over)
	}
	equal(t, "started", r.starts, []string{"long/k:1#1", "short/k:1#1"})
	for job, want := range map[string]string{"long": "completed", "short": "waiting"} {
		if got := r.stored(job, "k:1"); got != want {
			t.Errorf("%s is %s, want %s", job, got, want)
		}
	}
	if got := r.stored("slots", "10:01:00"); got != "none" {
		t.Errorf("a slot was claimed: %s", got)
	}
}

func TestDrain_TellsARunToStopWhenItsTimeIsOver(t *testing.T) {
	r := busyRig(t)
	r.do(drain{})
	r.end("short", "k:1", store.AttemptFailed)
	r.until("10:01:51")
	equal(t, "told to stop", r.stops, []string{"short/k:1 immediate false", "long/k:1 immediate false"})
	if r.drained != 0 {
		t.Error("drained while a run runs")
	}
}

func TestDrain_OfNothingIsOverAtOnce(t *testing.T) {
	r := newRig(t, 4, jobs.Definition{Name: "j"}).begin()
	r.do(drain{})
	if r.drained != 1 {
		t.Error("not drained")
	}
}

func TestDrain_WaitsForTheEndsToBeRecorded(t *testing.T) {
	r := busyRig(t)
	r.away[kindUpdate] = true
	r.do(drain{})
	r.end("short", "k:1", store.AttemptFailed)
	r.end("long", "k:1", store.AttemptCompleted)
	if r.drained != 0 {
		t.Error("drained although no end is recorded")
	}
}

func TestDrain_AClaimInFlightDoesNotStart(t *testing.T) {
	r := busyRig(t)
	r.away[kindClaim] = true
	r.until("10:01:00")
	r.do(drain{})
	r.end("short", "k:1", store.AttemptFailed)
	r.end("long", "k:1", store.AttemptCompleted)
	if r.drained != 0 {
		t.Error("drained although nobody knows whether a run is claimed")
	}
	r.away[kindClaim] = false
	r.do(answer{request: request{kind: kindClaim}, err: errSim})
	r.until("10:01:05")
	if got := r.stored("slots", "10:01:00"); got != "waiting" || r.drained != 1 {
		t.Errorf("the slot's run is %s, drained %d times", got, r.drained)
	}
	equal(t, "started", r.starts, []string{"long/k:1#1", "short/k:1#1"})
	for _, x := range r.store.runs {
		if x.Job == "slots" && x.Interruptions > 0 {
			t.Errorf("it counts as interrupted: %+v", x)
		}
	}
}

func TestStop_TellsEverythingAndWaitsForIt(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		r := busyRig(t)
		r.do(stop{immediate})
		want := []string{"long/k:1 immediate false", "short/k:1 immediate false"}
		if immediate {
			want = []string{"long/k:1 immediate true", "short/k:1 immediate true"}
		}
		equal(t, "told to stop", r.stops, want)
		r.end("long", "k:1", store.AttemptExited)
		r.until("10:03:00")
		if r.over {
			t.Fatal("the lead returned while a run runs")
		}
		r.away[kindUpdate] = true
		r.end("short", "k:1", store.AttemptExited)
		r.until("10:03:01")
		if !r.over {
			t.Error("the lead waits for a store that does not answer")
		}
	}
}

func TestStop_RecordsWhatEndsInItsGrace(t *testing.T) {
	r := busyRig(t)
	r.do(stop{})
	r.end("long", "k:1", store.AttemptCompleted)
	r.away[kindUpdate] = true
	r.end("short", "k:1", store.AttemptCompleted)
	r.until("10:00:51")
	if r.over {
		t.Fatal("the lead returned although there was time to record an end")
	}
	r.away[kindUpdate] = false
	for k, x := range r.m.runs {
		r.do(answer{request: request{kind: kindUpdate, runs: []store.Run{{Key: k}}}, err: errSim})
		_ = x
	}
	r.until("10:00:53")
	if got := r.stored("short", "k:1"); got != "completed" || !r.over {
		t.Errorf("the run is %s, over %v", got, r.over)
	}
}

func TestDrain_EndsThoughTheStoreTakesNoWrite(t *testing.T) {
	for _, refused := range []kind{kindUpdate, kindSave, kindClaim} {
		t.Run(string(refused), func(t *testing.T) {
			r := busyRig(t)
			r.fails[refused] = errSim
			r.until("10:01:01")
			r.do(drain{})
			r.end("short", "k:1", store.AttemptFailed)
			r.end("long", "k:1", store.AttemptCompleted)
			r.until("10:03:00")
			if r.drained != 1 {
				t.Errorf("drained %d times", r.drained)
			}
		})
	}
}

func TestDrain_EndsThoughARunDoesNotStop(t *testing.T) {
	r := busyRig(t)
	r.do(drain{})
	r.until("10:01:54")
	if r.drained != 0 {
		t.Error("drained within the grace of a run")
	}
	r.until("10:02:00")
	if r.drained != 1 {
		t.Errorf("drained %d times; the lead has to be told to stop, so that the guard ends what does not", r.drained)
	}
}

// What was claimed and not started is given back, whatever the job says about runs that
// were interrupted.
func TestStop_GivesBackWhatWasNotStarted(t *testing.T) {
	d := jobs.Definition{Name: "j", Interrupted: jobs.InterruptedFail}
	for _, tt := range []struct {
		name  string
		event event
		end   ending
		want  store.State
	}{
		{"drain", drain{}, ending{end: store.AttemptExited, unstarted: true}, store.Waiting},
		{"stop", stop{}, ending{end: store.AttemptExited, unstarted: true}, store.Waiting},
		{"stop, and the command is not there", stop{}, ending{end: store.AttemptFailed, code: -1, unstarted: true}, store.Waiting},
		{"no order", tick{}, ending{end: store.AttemptExited, unstarted: true, remark: "too late"}, store.Waiting},
		{"no order, and the command is not there", tick{}, ending{end: store.AttemptFailed, code: -1, unstarted: true}, store.Failed},
		{"stop of one that had started", stop{}, ending{end: store.AttemptExited}, store.Exited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 2, d)
			r.store.submit("j", 1, 0, r.world.epoch)
			r.begin()
			r.do(tt.event)
			k := store.Key{Group: "g", Job: "j", Run: "k:1"}
			r.do(attemptEnded{key: k, end: tt.end})
			x := r.store.runs[k]
			if x.State != tt.want || x.Interruptions != 0 && tt.want == store.Waiting || len(x.Attempts) != 1 {
				t.Errorf("the run is %s: %+v", x.State, x)
			}
			if tt.want != store.Waiting {
				return
			}
			if x.Failures != 0 || x.Attempts[0].End != store.AttemptExited || x.Remark == "" {
				t.Errorf("the attempt counts: %+v", x)
			}
			if _, waits := tt.event.(tick); waits {
				equal(t, "started", r.starts, []string{"j/k:1#1"}) // not at once
				r.until("10:00:05")
				equal(t, "started", r.starts, []string{"j/k:1#1", "j/k:1#2"})
			}
		})
	}
}
