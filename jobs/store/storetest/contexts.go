package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// retry is the call of the one method that needs a run that has failed.
func retry(b Backend, failed store.Run) call {
	return call{"Retry", true, func(ctx context.Context) error { _, err := b.Jobs().Retry(ctx, failed.Key, "me"); return err }}
}

// contexts: a call whose context has ended returns soon, and breaks nothing.
func contexts(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	h, r, failed := example(t, b, "ctx")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, c := range append(calls(b, h, r, "report"), retry(b, failed)) {
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
		})
	}
	wantRun(t, other, r)
	wantRun(t, other, failed)

	// A context may end at any point within a call. It leaves no write half-done, no lock
	// held, and no answer for the next call.
	t.Run("AtAnyPoint", func(t *testing.T) {
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*20)*time.Microsecond)
			run := processing(h, "any", numbered("", i))
			_, claimErr := b.Jobs().Claim(ctx, h, []store.Run{run})
			_, _, submitErr := b.Jobs().Submit(ctx, waiting("ctx", "any", numbered("s", i)), []byte("payload"), 1000)
			cancel()
			for _, err := range []error{claimErr, submitErr} {
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("round %d: %v, want none, or context.DeadlineExceeded", i, err)
				}
			}
			if claimErr == nil {
				wantRun(t, other, run)
			} else if there, err := b.Jobs().Claim(t.Context(), h, []store.Run{run}); err != nil || there[0] != nil && there[0].Nonce != run.Nonce {
				t.Fatalf("round %d: Claim again: %v, %v; want it inserted, or its own record", i, there, err)
			}
			if _, _, err := other.Jobs().Submit(t.Context(), waiting("ctx", "any", numbered("s", i)), []byte("payload"), 1000); err != nil {
				t.Fatalf("round %d: Submit again: %v", i, err)
			}
			if p, err := other.Jobs().Payload(t.Context(), store.Key{Group: "ctx", Job: "any", Run: numbered("s", i)}); err != nil || string(p) != "payload" {
				t.Fatalf("round %d: Payload: %q, %v", i, p, err)
			}
		}
	})
}

// closing: a handle that was closed refuses every call, and other handles go on.
func closing(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	h, r, failed := example(t, b, "close")
	handles := map[string]Backend{"a handle": b}
	if s.Look != nil {
		handles["one that only looked"] = s.Look(t)
	}
	for name, handle := range handles {
		closed := append(calls(handle, h, r, "report"), retry(handle, failed))
		if err := handle.Close(t.Context()); err != nil {
			t.Fatalf("Close of %s: %v", name, err)
		}
		for _, c := range closed {
			suite.WantError(t, c.name+" of "+name+" that is closed", c.do(t.Context()), registry.ErrClosed)
		}
	}
	wantRun(t, other, r)
	if _, err := other.Jobs().Update(t.Context(), h, r.Version(), r); err != nil {
		t.Errorf("Update after another handle was closed: %v", err)
	}
}

// look: a handle that was opened with registry.Look reads everything and writes nothing.
func look(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	if s.Look == nil {
		t.Skip("the backend offers no handle with registry.Look")
	}
	owner := s.Open(t)
	early := s.Look(t)
	for _, c := range calls(early, store.Holder{Group: "look", Term: 1, Instance: newID()}, store.Run{Key: store.Key{Group: "look", Job: "report", Run: "1"}}, "report") {
		err := c.do(t.Context())
		switch {
		case c.writes:
			suite.WantError(t, c.name+", before anything was written", err, registry.ErrReadOnly, registry.ErrCorrupt)
		case c.name == "Run", c.name == "Payload":
			suite.WantError(t, c.name+", before anything was written", err, store.ErrNoRun)
		case err != nil && !errors.Is(err, registry.ErrNoWatch):
			t.Errorf("%s, before anything was written: %v", c.name, err)
		}
	}
	h, r, failed := example(t, owner, "look")
	before, err := owner.Jobs().Runs(t.Context(), "look", store.Filter{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]Backend{"an early handle": early, "a late handle": s.Look(t)} {
		for _, c := range append(calls(b, h, r, "report"), retry(b, failed)) {
			err := c.do(t.Context())
			if c.writes {
				suite.WantError(t, c.name+" of "+name, err, registry.ErrReadOnly)
			} else if err != nil && !errors.Is(err, registry.ErrNoWatch) {
				t.Errorf("%s of %s: %v", c.name, name, err)
			}
		}
		wantRun(t, b, r)
		wantRun(t, b, failed)
	}
	after, err := owner.Jobs().Runs(t.Context(), "look", store.Filter{Limit: 10})
	if diff := cmp.Diff(before, after); err != nil || diff != "" {
		t.Errorf("a handle with registry.Look changed something: %v (- before, + after):\n%s", err, diff)
	}
}
