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

// contexts: a call whose context has ended returns soon, and breaks nothing.
func contexts(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)
	in := newInstance(t, "ctx")
	register(t, b, in)
	term := begin(t, b, in.Group, 1, in.ID)

	// usable fails the test unless both handles can read and write.
	usable := func(t *testing.T) {
		t.Helper()
		for _, h := range []registry.Backend{b, other} {
			ctx, cancel := context.WithTimeout(t.Context(), suite.Deadline)
			if _, err := h.Beat(ctx, in.ID, in.Status); err != nil {
				t.Errorf("Beat after a call whose context ended: %v", err)
			}
			if _, err := h.View(ctx, in.Group); err != nil {
				t.Errorf("View after a call whose context ended: %v", err)
			}
			cancel()
		}
	}

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, c := range calls(t, b, in, term) {
		t.Run(c.name, func(t *testing.T) {
			begun := time.Now()
			for _, ctx := range []context.Context{cancelled, expired} {
				err := c.do(ctx)
				if c.name == "Watch" && errors.Is(err, registry.ErrNoWatch) {
					continue
				}
				suite.WantError(t, c.name, err, ctx.Err())
			}
			if took := time.Since(begun); took > suite.Deadline {
				t.Errorf("it returned after %v, want it soon after the end of the context", took)
			}
			usable(t)
		})
	}

	// A context may end at any point within a call. It leaves no write half-done, no lock
	// held, and no answer for the next call.
	t.Run("AtAnyPoint", func(t *testing.T) {
		number := int64(1)
		begun := map[int64]uuid.UUID{}
		for i := range 300 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*7)*time.Microsecond)
			_, beatErr := b.Beat(ctx, in.ID, in.Status)
			_, viewErr := b.View(ctx, in.Group)
			holder := newID(t)
			beginErr := b.BeginTerm(ctx, registry.Term{Group: "any", Number: number, Holder: holder})
			cancel()
			for _, err := range []error{beatErr, viewErr, beginErr} {
				if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, registry.ErrTermTaken) {
					t.Fatalf("round %d: %v, want none, or context.DeadlineExceeded", i, err)
				}
			}
			if beginErr == nil {
				begun[number] = holder
			}
			if beginErr == nil || errors.Is(beginErr, registry.ErrTermTaken) {
				number++
			}
		}
		usable(t)
		list, err := other.Terms(t.Context(), "any", 1000)
		if err != nil {
			t.Fatal(err)
		}
		stored := map[int64]uuid.UUID{}
		for _, term := range list {
			stored[term.Number] = term.Holder
		}
		for number, holder := range begun {
			if stored[number] != holder {
				t.Errorf("BeginTerm of term %d succeeded for %v, and %v holds it", number, holder, stored[number])
			}
		}
	})
}

// closing: a handle that was closed refuses every call, and other handles go on.
func closing(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)
	in := newInstance(t, "close")
	register(t, b, in)
	term := begin(t, b, in.Group, 1, in.ID)
	handles := map[string]registry.Backend{"a registry": b}
	if store.Look != nil {
		handles["one that only looked"] = store.Look(t)
	}
	for name, h := range handles {
		if err := h.Close(t.Context()); err != nil {
			t.Fatalf("Close of %s: %v", name, err)
		}
		closed := append(calls(t, h, in, term),
			call{"Terms of none", func(ctx context.Context) error { _, err := h.Terms(ctx, in.Group, 0); return err }},
			call{"Close", h.Close})
		for _, c := range closed {
			suite.WantError(t, c.name+" of "+name+" that is closed", c.do(t.Context()), registry.ErrClosed)
		}
	}

	v := view(t, other, in.Group)
	if v.Latest == nil || !v.Latest.Open() || v.Latest.Number != 1 || v.Holder == nil {
		t.Errorf("View after another handle was closed: %+v, want the open term and its holder", v)
	}
	beat(t, other, in.ID, in.Status)
}
