package worker

import (
	"context"
	"errors"
	"testing"

	"github.com/understudy-go/understudy/worker/internal/guard"
)

func TestEndOf_SaysWhatTheGuardReportedAndWhoMeantIt(t *testing.T) {
	cause := errors.New("cause")
	for _, tt := range []struct {
		name                            string
		last                            guard.Event
		stopped, killed, lease, timeout bool
		want                            Outcome
	}{
		{name: "exit", last: guard.Event{Kind: guard.Exited, Why: guard.Itself}, want: Exited},
		{name: "exit before the order to stop", last: guard.Event{Kind: guard.Exited, Why: guard.Itself}, stopped: true, want: Exited},
		{name: "exit before the kill", last: guard.Event{Kind: guard.Exited, Why: guard.Itself}, stopped: true, killed: true, want: Exited},
		{name: "killed by the kernel before the guard", last: guard.Event{Kind: guard.Exited, Why: guard.Itself, Signal: 9}, stopped: true, killed: true, want: Cancelled},
		{name: "killed by somebody", last: guard.Event{Kind: guard.Exited, Why: guard.Itself, Signal: 9}, want: Exited},
		{name: "stopped", last: guard.Event{Kind: guard.Exited, Why: guard.Asked}, stopped: true, want: Cancelled},
		{name: "stopped with the unit", last: guard.Event{Kind: guard.Exited, Why: guard.Outside}, stopped: true, want: Cancelled},
		{name: "lease", last: guard.Event{Kind: guard.Exited, Why: guard.Expired}, stopped: true, want: LeaseEnded},
		{name: "timeout", last: guard.Event{Kind: guard.Exited, Why: guard.TimedOut}, stopped: true, want: TimedOut},
		{name: "guard", last: guard.Event{Kind: guard.Died}, want: GuardDied},
		{name: "guard at the lease's end", last: guard.Event{Kind: guard.Died}, lease: true, want: LeaseEnded},
		{name: "guard that did not act at the timeout", last: guard.Event{Kind: guard.Died}, timeout: true, want: TimedOut},
		{name: "guard that did not stop it", last: guard.Event{Kind: guard.Died}, stopped: true, want: Cancelled},
		{name: "guard that did not kill it", last: guard.Event{Kind: guard.Died}, killed: true, want: Cancelled},
		{name: "not started", last: guard.Event{Kind: guard.NotStarted, Err: cause}, stopped: true, want: NotStarted},
		{name: "late", last: guard.Event{Kind: guard.Late}, stopped: true, want: Late},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(context.Background())
			defer stop(nil)
			if tt.stopped {
				stop(cause)
			}
			end := endOf(ctx, "/none", ending{last: tt.last, killed: tt.killed}, tt.lease, tt.timeout)
			if end.Outcome != tt.want {
				t.Errorf("%v, want %v", end.Outcome, tt.want)
			}
			if sure := tt.want == NotStarted || tt.want == Late; end.Unstarted != sure {
				t.Errorf("it says for sure that it was not started: %v, want %v", end.Unstarted, sure)
			}
			if tt.want == Cancelled && tt.stopped && !errors.Is(end.Err, cause) {
				t.Errorf("error %v, want the cause", end.Err)
			}
		})
	}
}
