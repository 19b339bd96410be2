package mongostore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongobell"
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
	watch(t, s, "g") // so that the collections are made
	rings := func(group string) (n int64) {
		t.Helper()
		for _, name := range mongobell.Names() {
			count, err := db(t, uri, "").Collection(name).CountDocuments(ctx, bson.D{{Key: "of", Value: mongobell.Jobs}, {Key: "group", Value: group}})
			if err != nil {
				t.Fatal(err)
			}
			n += count
		}
		return n
	}

	r := claim(t, s, h, processing(h, "1"))
	waits := processing(h, "2")
	waits.State, waits.Attempt = store.Waiting, 0
	claim(t, s, h, waits)
	failed := completed(r)
	failed.State = store.Failed
	_, sealErr := s.Seal(ctx, h)
	_, progressErr := s.SetProgress(ctx, h, r.Key, 1, store.Progress{Percent: 1})
	if err := errors.Join(sealErr, progressErr, s.SaveJobs(ctx, h, []store.Job{{Group: "g", Name: "report", Revision: 1}})); err != nil {
		t.Fatal(err)
	}

	var want int64
	for _, ask := range []struct {
		name string
		call func() error
	}{
		{"a trigger", func() error { _, _, err := others.Submit(ctx, triggered("3"), nil, 100); return err }},
		{"a request to cancel", func() error { _, err := others.Cancel(ctx, r.Key, "me", ""); return err }},
		{"a cancellation", func() error { _, err := others.Cancel(ctx, waits.Key, "me", ""); return err }},
		{"a pause", func() error { _, err := others.Pause(ctx, "g", "report", "me", ""); return err }},
		{"a resume", func() error { _, err := others.Resume(ctx, "g", "report"); return err }},
		{"a retry", func() error {
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
		want++
		mongotest.Eventually(t, "a ring after "+ask.name, func() error {
			if n := rings("g"); n != want {
				return fmt.Errorf("%d rings, want %d: one for each write of others, and none for those of a holder", n, want)
			}
			return nil
		})
	}
}

func TestWatch_WorksOnAStandaloneServer(t *testing.T) {
	t.Parallel()
	s := open(t, mongotest.Start(t, 1, mongotest.Standalone).URI()).Jobs()
	changes := watch(t, s, "g")
	if _, _, err := s.Submit(t.Context(), triggered("1"), nil, 100); err != nil {
		t.Fatal(err)
	}
	awaitNotice(t, changes, "a trigger")
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
