package scheduler

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestAfter(t *testing.T) {
	at := timeOf(t, "10:00:00")
	retries := jobs.Retries{Max: 2, Backoff: 10 * time.Second, MaxBackoff: 15 * time.Second, FinalExitCodes: []int{65}}
	for _, tt := range []struct {
		name        string
		interrupted jobs.Interrupted
		retries     jobs.Retries
		failures    int
		interrupts  int
		end         store.AttemptEnd
		unstarted   bool
		code        int
		want        store.State
		pause       time.Duration
	}{
		{name: "completed", end: store.AttemptCompleted, want: store.Completed},
		{name: "cancelled", end: store.AttemptCancelled, want: store.Cancelled, retries: retries},
		{name: "failed without retries", end: store.AttemptFailed, code: 1, want: store.Failed},
		{name: "failed once", end: store.AttemptFailed, code: 1, retries: retries, want: store.Waiting, pause: 10 * time.Second},
		{name: "failed twice", end: store.AttemptFailed, code: 1, retries: retries, failures: 1, want: store.Waiting, pause: 15 * time.Second},
		{name: "failed for good", end: store.AttemptFailed, code: 1, retries: retries, failures: 2, want: store.Failed},
		{name: "failed with a final exit code", end: store.AttemptFailed, code: 65, retries: retries, want: store.Failed},
		{name: "timed out", end: store.AttemptTimedOut, retries: retries, want: store.Waiting, pause: 10 * time.Second},
		{name: "timed out for good", end: store.AttemptTimedOut, retries: retries, failures: 2, want: store.TimedOut},
		{name: "timed out after a final exit code", end: store.AttemptTimedOut, code: 65, retries: retries, want: store.Waiting, pause: 10 * time.Second},
		{name: "interrupted", end: store.AttemptExited, want: store.Waiting},
		{name: "interrupted after failures", end: store.AttemptExited, failures: 2, retries: retries, want: store.Waiting},
		{name: "interrupted a third time", end: store.AttemptExited, interrupts: 2, want: store.Waiting},
		{name: "interrupted a fourth time", end: store.AttemptExited, interrupts: 3, want: store.Failed},
		{name: "interrupted, and may not run again", interrupted: jobs.InterruptedFail, end: store.AttemptExited, want: store.Exited},
		{name: "given back before it was started", end: store.AttemptExited, unstarted: true, interrupts: 3, failures: 2, retries: retries, want: store.Waiting},
		{name: "given back before it was started, and may not run again", interrupted: jobs.InterruptedFail, end: store.AttemptExited, unstarted: true, want: store.Waiting},
		{name: "could not be started", end: store.AttemptFailed, code: -1, unstarted: true, want: store.Failed},
		{name: "failed after interruptions", end: store.AttemptFailed, code: 1, interrupts: 3, retries: retries, want: store.Waiting, pause: 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := jobs.Definition{Name: "j", Retries: tt.retries, Interrupted: tt.interrupted}.WithDefaults(time.Minute, time.Second)
			before := store.Run{
				State: store.Processing, Open: true, Attempt: 1, Failures: tt.failures, Interruptions: tt.interrupts,
				Attempts: []store.Attempt{{Number: 1, From: at.Add(-time.Minute)}},
			}
			same := func(pause time.Duration) time.Duration { return pause }
			r := after(d, before, ending{end: tt.end, code: tt.code, unstarted: tt.unstarted, at: at}, same)
			if r.State != tt.want || r.Open != (tt.want == store.Waiting) {
				t.Errorf("the run is %q, open %v, want %q", r.State, r.Open, tt.want)
			}
			if tt.want == store.Waiting {
				if !r.Due.Equal(at.Add(tt.pause)) || !r.EndedAt.IsZero() {
					t.Errorf("due at %v, ended at %v, want due %v later", r.Due, r.EndedAt, tt.pause)
				}
			} else if !r.EndedAt.Equal(at) {
				t.Errorf("ended at %v, want %v", r.EndedAt, at)
			}
			if a := r.Attempts[0]; a.End != tt.end || a.ExitCode != tt.code || !a.To.Equal(at) {
				t.Errorf("the attempt is %+v", a)
			}
			if before.Attempts[0].End != "" {
				t.Error("the record from before was changed")
			}
			failed, interrupted := r.Failures-tt.failures, r.Interruptions-tt.interrupts
			counts := map[store.AttemptEnd][2]int{store.AttemptFailed: {1, 0}, store.AttemptTimedOut: {1, 0}, store.AttemptExited: {0, 1}}
			want := counts[tt.end]
			if tt.unstarted && tt.end == store.AttemptExited {
				want = [2]int{}
			}
			if failed != want[0] || interrupted != want[1] {
				t.Errorf("counted %d failures and %d interruptions more, want %v", failed, interrupted, want)
			}
		})
	}
}
