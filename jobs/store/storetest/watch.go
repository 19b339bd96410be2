package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// watch: a notice follows each change that others than a holder made.
func watch(t *testing.T, open func(t *testing.T) Store) {
	start := func(t *testing.T, b Backend, group string) (<-chan struct{}, context.CancelFunc) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		ch, err := b.Jobs().Watch(ctx, group)
		if errors.Is(err, registry.ErrNoWatch) {
			t.Skipf("the store cannot watch here: %v", err)
		}
		if err != nil {
			t.Fatalf("Watch: %v", err)
		}
		return ch, cancel
	}
	// If a notice comes before its change is visible, and no other follows, this test ends
	// at its deadline.
	t.Run("ANoticeFollowsEachChangeThatPeopleMade", func(t *testing.T) {
		s := open(t)
		b, other := s.Open(t), s.Open(t)
		const group = "watched"
		h := hold(t, b, group)
		chans := make([]<-chan struct{}, 2) // of another handle, and of the one that writes
		for i, handle := range []Backend{b, other} {
			chans[i], _ = start(t, handle, group)
		}
		saveJob(t, b, h, newJob(h, "report"))
		k := store.Key{Group: group, Job: "report", Run: "1"}
		runIs := func(seen func(r store.Run) bool) func() bool {
			return func() bool {
				r, err := b.Jobs().Run(t.Context(), k)
				if err != nil && !errors.Is(err, store.ErrNoRun) {
					t.Fatal(err)
				}
				return err == nil && seen(r)
			}
		}
		for _, change := range []struct {
			name string
			make func() error
			seen func() bool
		}{
			{"submit", func() error {
				_, _, err := other.Jobs().Submit(t.Context(), waiting(group, "report", "1"), nil, 10)
				return err
			},
				runIs(func(store.Run) bool { return true })},
			{"cancel", func() error { _, err := other.Jobs().Cancel(t.Context(), k, "me", ""); return err },
				runIs(func(r store.Run) bool { return r.State == store.Cancelled })},
			{"retry", func() error {
				r := read(t, b, k)
				was := r.Version()
				r.Open = false
				updateRun(t, b, h, was, r)
				_, err := other.Jobs().Retry(t.Context(), k, "me")
				return err
			}, runIs(func(r store.Run) bool { return r.State == store.Waiting })},
			{"request to cancel", func() error {
				r := read(t, b, k)
				was := r.Version()
				r.State, r.Attempt = store.Processing, 1
				updateRun(t, b, h, was, r)
				_, err := other.Jobs().Cancel(t.Context(), k, "me", "")
				return err
			}, runIs(func(r store.Run) bool { return r.Cancel != nil })},
			{"pause", func() error { _, err := other.Jobs().Pause(t.Context(), group, "report", "me", ""); return err },
				func() bool { return job(t, b, group, "report").Paused != nil }},
			{"resume", func() error { _, err := other.Jobs().Resume(t.Context(), group, "report"); return err },
				func() bool { return job(t, b, group, "report").Paused == nil }},
		} {
			if err := change.make(); err != nil {
				t.Fatalf("%s: %v", change.name, err)
			}
			for i, ch := range chans {
				timeout := time.After(suite.Deadline)
				for seen := false; !seen; {
					select {
					case _, ok := <-ch:
						if !ok {
							t.Fatal("the channel was closed, want it open while the context lasts")
						}
					case <-timeout:
						t.Fatalf("%s: watch %d received no notice after the change was visible", change.name, i)
					}
					seen = change.seen()
				}
			}
		}
	})

	t.Run("NobodyNeedsToReceive", func(t *testing.T) {
		b := open(t).Open(t)
		ch, cancel := start(t, b, "unread")
		for n := range 50 {
			submit(t, b, waiting("unread", "report", numbered("", n)), nil)
		}
		cancel()
		suite.WantClosed(t, ch)
	})

	t.Run("ItEndsWithItsContext", func(t *testing.T) {
		b := open(t).Open(t)
		first, cancel := start(t, b, "ctx")
		second, _ := start(t, b, "ctx")
		cancel()
		suite.WantClosed(t, first)
		submit(t, b, waiting("ctx", "report", "1"), nil)
		select {
		case _, ok := <-second:
			if !ok {
				t.Error("the watch of another context ended too")
			}
		case <-time.After(suite.Deadline):
			t.Error("the watch of another context received no notice")
		}
	})

	t.Run("ItEndsWithTheRegistry", func(t *testing.T) {
		b := open(t).Open(t)
		ch, _ := start(t, b, "close")
		if err := b.Close(t.Context()); err != nil {
			t.Fatalf("Close: %v", err)
		}
		suite.WantClosed(t, ch)
	})
}
