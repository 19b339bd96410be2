package worker

import (
	"context"
	"testing"

	"github.com/understudy-go/understudy/worker/internal/guard"
)

// An exit that belongs to an order to stop must not count as a final exit, nor as a
// failure. An exit for another reason must not count as a stop, although the context
// has ended in the meantime.
func TestWasOrdered_DependsOnTheContextAndTheLastEvent(t *testing.T) {
	ended, end := context.WithCancel(context.Background())
	end()
	exited := func(why guard.Why) guard.Event { return guard.Event{Kind: guard.Exited, Why: why} }
	for _, tt := range []struct {
		name        string
		last        guard.Event
		ended, live bool // what wasOrdered returns under a context that has ended, and under one that has not
	}{
		{"exited as Stop or Kill asked", exited(guard.Asked), true, false},
		{"exited by itself", exited(guard.Itself), true, false},
		{"exited because the lease ran out", exited(guard.Expired), false, false},
		{"too late to start", guard.Event{Kind: guard.Late}, false, false},
		{"not executed", guard.Event{Kind: guard.NotStarted}, false, false},
		{"guard died", guard.Event{Kind: guard.Died}, true, false},
		{"guard reported no end", guard.Event{}, true, false},
	} {
		if got := wasOrdered(ended, tt.last); got != tt.ended {
			t.Errorf("%s, after the context has ended: %v, want %v", tt.name, got, tt.ended)
		}
		if got := wasOrdered(context.Background(), tt.last); got != tt.live {
			t.Errorf("%s, under a live context: %v, want %v", tt.name, got, tt.live)
		}
	}
	if !wasOrdered(ended, exited(guard.Outside)) {
		t.Error("exited after a signal to everybody, after the context has ended: false, want true")
	}
}
