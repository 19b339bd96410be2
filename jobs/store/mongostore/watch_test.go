package mongostore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// watch watches a group, and returns when the first notice, which every watch begins
// with, has come.
func watch(t *testing.T, s store.Store, group string) <-chan struct{} {
	t.Helper()
	changes, err := s.Watch(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	awaitNotice(t, changes, "the beginning of the watch")
	return changes
}

func awaitNotice(t *testing.T, changes <-chan struct{}, what string) {
	t.Helper()
	select {
	case _, ok := <-changes:
		if !ok {
			t.Fatalf("the watch broke before %s", what)
		}
	case <-time.After(3 * time.Minute):
		t.Fatalf("no notice after %s", what)
	}
}

// The holder must not be woken by each of its own writes, and has to be by each of others.
func TestWatch_AnnouncesWhatOthersThanAHolderWrote(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	s, others := open(t, uri).Jobs(), open(t, uri).Jobs()
	ctx, h := t.Context(), holder(1)
	changes := watch(t, s, "g")
	quiet := func(what string) { // a change of another kind comes after what is not announced
		t.Helper()
		select {
		case <-changes: // the stream opened, which may announce itself late
		default:
		}
		if _, _, err := others.Submit(ctx, triggered("after "+what), nil, 100); err != nil {
			t.Fatal(err)
		}
		awaitNotice(t, changes, "a trigger after "+what)
		select {
		case <-changes:
			t.Errorf("two notices of %s and a trigger, want one", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
	quiet("the beginning")

	r := claim(t, s, h, processing(h, "1"))
	if err := s.SaveJob(ctx, h, store.Job{Group: "g", Name: "report", Revision: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetProgress(ctx, h, r.Key, 1, store.Progress{Percent: 1}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changes:
		t.Error("a notice of what a holder wrote")
	case <-time.After(200 * time.Millisecond):
	}
	quiet("the writes of a holder")

	for _, ask := range []struct {
		name string
		call func() error
	}{
		{"a request to cancel", func() error { _, err := others.Cancel(ctx, r.Key, "me", ""); return err }},
		{"a pause", func() error { _, err := others.Pause(ctx, "g", "report", "me", ""); return err }},
		{"a resume", func() error { _, err := others.Resume(ctx, "g", "report"); return err }},
		{"a retry", func() error {
			failed := completed(r)
			failed.State = store.Failed
			if _, err := s.Update(ctx, h, r.Version(), failed); err != nil {
				return err
			}
			_, err := others.Retry(ctx, r.Key, "me")
			return err
		}},
	} {
		if err := ask.call(); err != nil {
			t.Fatalf("%s: %v", ask.name, err)
		}
		awaitNotice(t, changes, ask.name)
	}
}

func TestWatch_OfAStandaloneServerIsErrNoWatch(t *testing.T) {
	t.Parallel()
	s := open(t, mongotest.Start(t, 1, mongotest.Standalone).URI()).Jobs()
	if _, err := s.Watch(t.Context(), "g"); !errors.Is(err, registry.ErrNoWatch) {
		t.Errorf("Watch: %v, want ErrNoWatch", err)
	}
}

func TestWatch_EndsWithItsContextAndWithTheRegistry(t *testing.T) {
	t.Parallel()
	r := open(t, mongotest.Shared(t))
	ctx, cancel := context.WithCancel(t.Context())
	one, err := r.Jobs().Watch(ctx, "g")
	if err != nil {
		t.Fatal(err)
	}
	two := watch(t, r.Jobs(), "h")
	cancel()
	for range one {
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range two {
	}
	if _, err := r.Jobs().Watch(t.Context(), "g"); !errors.Is(err, registry.ErrClosed) {
		t.Errorf("Watch after Close: %v, want ErrClosed", err)
	}
	_, err = r.Jobs().Runs(t.Context(), "g", store.Filter{Limit: 1})
	if !errors.Is(err, registry.ErrClosed) {
		t.Errorf("Runs after Close: %v, want ErrClosed", err)
	}
}
