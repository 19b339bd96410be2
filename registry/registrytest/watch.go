package registrytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// watch: a notice follows each change of the group's terms.
func watch(t *testing.T, open func(t *testing.T) Store) {
	start := func(t *testing.T, b registry.Backend, group string) (<-chan registry.Notice, context.CancelFunc) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		ch, err := b.Watch(ctx, group)
		if errors.Is(err, registry.ErrNoWatch) {
			t.Skipf("the registry cannot watch here: %v", err)
		}
		if err != nil {
			t.Fatalf("Watch: %v", err)
		}
		return ch, cancel
	}
	// If a notice comes before its change is visible, and no other follows, this test ends
	// at its deadline.
	t.Run("ANoticeFollowsEachChange", func(t *testing.T) {
		store := open(t)
		b, other := store.Open(t), store.Open(t)
		const group = "watched"
		chans := make([]<-chan registry.Notice, 2) // of another handle, and of the one that writes
		for i, h := range []registry.Backend{b, other} {
			chans[i], _ = start(t, h, group)
		}
		term := registry.Term{Group: group, Holder: newID(t)}
		for n := int64(1); n <= 5; n++ {
			term.Number = n
			for _, change := range []struct {
				name string
				make func()
				seen func(got *registry.Term) bool
			}{
				{"begin", func() { begin(t, other, group, n, term.Holder) },
					func(got *registry.Term) bool { return got != nil && got.Number == n }},
				{"handover", func() {
					if err := other.RequestHandover(t.Context(), group, n, uuid.Nil); err != nil {
						t.Fatal(err)
					}
				}, func(got *registry.Term) bool { return got.Handover != nil }},
				{"end", func() { end(t, other, term, registry.End{Reason: registry.Stopped}) },
					func(got *registry.Term) bool { return !got.Open() }},
			} {
				change.make()
				for i, ch := range chans {
					timeout := time.After(suite.Deadline)
					for seen := false; !seen; {
						select {
						case _, ok := <-ch:
							if !ok {
								t.Fatal("the channel was closed, want it open while the context lasts")
							}
						case <-timeout:
							t.Fatalf("term %d, %s: watch %d received no notice after the change was visible", n, change.name, i)
						}
						seen = change.seen(view(t, b, group).Latest)
					}
				}
			}
		}
	})

	t.Run("NobodyNeedsToReceive", func(t *testing.T) {
		store := open(t)
		b := store.Open(t)
		ch, cancel := start(t, b, "unread")
		for n := int64(1); n <= 50; n++ {
			begin(t, b, "unread", n, newID(t))
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
		begin(t, b, "ctx", 1, newID(t))
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
