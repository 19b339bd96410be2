package mongostore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/mongouri"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/mongostore"
	"github.com/understudy-go/understudy/jobs/store/storetest"
)

// counted returns a store, and a function that returns the commands that it has sent since
// the last call.
func counted(t *testing.T) (s *mongostore.Store, sent func() []string) {
	t.Helper()
	var mu sync.Mutex
	var names []string
	uri := mongotest.Shared(t)
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetMonitor(&event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			mu.Lock()
			defer mu.Unlock()
			names = append(names, e.CommandName)
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	fine := func() error { return nil }
	return mongostore.New(mongostore.Registry{
			Database: client.Database(mongouri.Parse(uri).Database), Pool: 20, Now: time.Now, MayRead: fine, MayWrite: fine, Closing: t.Context(),
			Refused: func(_ *mongo.Collection, err error) error { return err },
		}), func() (list []string) {
			mu.Lock()
			defer mu.Unlock()
			list, names = names, nil
			return list
		}
}

// A minute begins with a thousand slots, and each job's mark moves: that must not be a
// thousand round trips, nor three.
func TestStore_MakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	s, sent := counted(t)
	ctx, h := t.Context(), holder(1)
	jobs := make([]store.Job, store.MaxPage)
	revised := func(revision, last int64) []store.Job {
		for i := range jobs {
			jobs[i] = store.Job{Group: "g", Name: fmt.Sprintf("job%04d", i), Mark: instant, Hash: "c0ffee", Revision: revision}
		}
		jobs[len(jobs)-1].Revision = last
		return jobs
	}
	runs := make([]store.Run, store.MaxPage)
	for i := range runs {
		runs[i] = processing(h, fmt.Sprintf("%04d", i))
	}
	k := runs[0].Key
	for _, tt := range []struct {
		name string
		call func() error
		want []string
		err  error
	}{
		{"SaveJobs, new ones", func() error { return s.SaveJobs(ctx, h, revised(1, 1)) }, []string{"update"}, nil},
		{"SaveJobs, the next revision", func() error { return s.SaveJobs(ctx, h, revised(2, 2)) }, []string{"update"}, nil},
		{"SaveJobs, one is not written", func() error { return s.SaveJobs(ctx, h, revised(3, 1)) }, []string{"update", "find"}, store.ErrChanged},
		{"SaveJobs, none is written", func() error { return s.SaveJobs(ctx, h, revised(3, 1)) }, []string{"update", "find"}, store.ErrChanged},
		{"Claim", func() error { _, err := s.Claim(ctx, h, runs); return err }, []string{"insert"}, nil},
		{"Retrying", func() error { _, err := s.Retrying(ctx, "g"); return err }, []string{"find"}, nil},
		{"Due", func() error {
			_, _, err := s.Due(ctx, storetest.AnyHolder("g"), instant, []string{"a"}, 10)
			return err
		}, []string{"find", "find"}, nil},
		{"AppendChunk", func() error { return s.AppendChunk(ctx, h, k, 1, store.MaxChunks-1, 0, []byte("x")) }, []string{"insert", "find"}, nil},
		{"AppendChunk, the first is deleted", func() error { return s.AppendChunk(ctx, h, k, 1, store.MaxChunks, 0, []byte("x")) }, []string{"insert", "find", "delete"}, nil},
		{"SaveCheckpoint, the first one", func() error { return s.SaveCheckpoint(ctx, h, k, 1, []byte("x")) }, []string{"findAndModify", "find"}, nil},
		{"SaveCheckpoint", func() error { return s.SaveCheckpoint(ctx, h, k, 1, []byte("x")) }, []string{"findAndModify"}, nil},
		{"Chunks", func() error { _, err := s.Chunks(ctx, k, 1, 0); return err }, []string{"find"}, nil},
	} {
		sent()
		if err := tt.call(); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
		// Answers of thousands of records come in parts.
		got := slices.DeleteFunc(sent(), func(name string) bool { return name == "getMore" })
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: the commands were %q, want %q", tt.name, got, tt.want)
		}
	}
}
