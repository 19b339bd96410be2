package mongostore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
)

// stored counts the documents of a collection.
func stored(t *testing.T, db *mongo.Database, collection string) int64 {
	t.Helper()
	n, err := db.Collection(collection).CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSubmit_LeavesNoPayloadOfACallThatCameSecond(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	s := open(t, uri).Jobs()
	const calls = 20
	var created, conflicts, same int
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range calls {
		wait.Go(func() {
			_, first, err := s.Submit(t.Context(), triggered("k:key"), []byte{byte(i % 2)}, 100)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && first:
				created++
			case err == nil:
				same++
			case errors.Is(err, store.ErrConflict):
				conflicts++
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if created != 1 || same != calls/2-1 || conflicts != calls/2 {
		t.Errorf("%d created it, %d got the same, %d a conflict; want 1, %d and %d", created, same, conflicts, calls/2-1, calls/2)
	}
	if runs, blobs := stored(t, db(t, uri, ""), "runs"), stored(t, db(t, uri, ""), "blobs"); runs != 1 || blobs != 1 {
		t.Errorf("%d runs and %d payloads are stored, want one each", runs, blobs)
	}
	if _, err := s.Payload(t.Context(), triggered("k:key").Key); err != nil {
		t.Errorf("its payload: %v", err)
	}
}

// Between two of its steps, whoever prunes goes away.
func TestPrune_ThatStoppedHalfWayIsCompletedByTheNextOne(t *testing.T) {
	t.Parallel()
	for _, collection := range []string{"blobs", "chunks", "runs"} {
		t.Run(collection, func(t *testing.T) {
			t.Parallel()
			set := mongotest.Start(t, 1)
			s, h := open(t, set.URI()).Jobs(), holder(1)
			for i := range 3 {
				r, _, err := s.Submit(t.Context(), triggered(fmt.Sprint(i)), []byte("payload"), 100)
				if err != nil {
					t.Fatal(err)
				}
				failed := completed(r)
				failed.State = store.Failed
				if _, err := s.Update(t.Context(), h, r.Version(), failed); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(s.SaveCheckpoint(t.Context(), h, r.Key, 1, []byte("checkpoint")), s.AppendChunk(t.Context(), h, r.Key, 1, 0, 0, []byte("chunk"))); err != nil {
					t.Fatal(err)
				}
			}
			before := instant.Add(100 * 24 * time.Hour)
			set.FailCommand(t, 1, "failCommands", bson.A{"delete"}, "namespace", "understudy."+collection, "closeConnection", true)
			if n, err := s.Prune(t.Context(), h, "report", store.Prunable{Before: before, FailedBefore: before, Keep: 1}, 10); err == nil || n != 0 {
				t.Fatalf("Prune: %d, %v; want an error", n, err)
			}

			// What belongs to it may be gone, so it must not run again.
			mongotest.Eventually(t, "a refused retry", func() error {
				_, err := s.Retry(t.Context(), triggered("0").Key, "me")
				if errors.Is(err, store.ErrNoRun) {
					return nil
				}
				return fmt.Errorf("Retry: %w", err)
			})
			pruned := 0
			mongotest.Eventually(t, "the next pruning", func() (err error) {
				pruned, err = s.Prune(t.Context(), h, "report", store.Prunable{Before: before, FailedBefore: before, Keep: 1}, 10)
				return err
			})
			if pruned != 2 {
				t.Errorf("the next one pruned %d, want 2", pruned)
			}
			d := db(t, set.URI(), "understudy")
			if runs, blobs, chunks := stored(t, d, "runs"), stored(t, d, "blobs"), stored(t, d, "chunks"); runs != 1 || blobs != 2 || chunks != 1 {
				t.Errorf("%d runs, %d blobs and %d chunks are left, want those of one run: 1, 2 and 1", runs, blobs, chunks)
			}
			if payload, err := s.Payload(t.Context(), triggered("2").Key); err != nil || string(payload) != "payload" {
				t.Errorf("the payload of the one that is left: %q, %v", payload, err)
			}
		})
	}
}

// The prune has passed the checkpoints and the chunks, and not yet deleted the run.
func TestPrune_InTheMiddleOfItNothingIsStoredForItsRuns(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	s, h := open(t, set.URI()).Jobs(), holder(1)
	r, _, err := s.Submit(t.Context(), triggered("1"), nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), h, r.Version(), completed(r)); err != nil {
		t.Fatal(err)
	}
	d := db(t, set.URI(), "understudy")
	empty := func(when string) {
		t.Helper()
		if blobs, chunks := stored(t, d, "blobs"), stored(t, d, "chunks"); blobs != 0 || chunks != 0 {
			t.Errorf("%s: %d blobs and %d chunks are left, want none", when, blobs, chunks)
		}
	}
	late := func() {
		t.Helper()
		for what, err := range map[string]error{
			"SaveCheckpoint": s.SaveCheckpoint(t.Context(), h, r.Key, 1, []byte("checkpoint")),
			"AppendChunk":    s.AppendChunk(t.Context(), h, r.Key, 1, 0, 0, []byte("chunk")),
		} {
			if !errors.Is(err, store.ErrNoRun) {
				t.Errorf("%s: %v, want %v", what, err, store.ErrNoRun)
			}
		}
	}
	before := instant.Add(100 * 24 * time.Hour)
	prune := func() (int, error) {
		return s.Prune(t.Context(), h, "report", store.Prunable{Before: before, FailedBefore: before}, 10)
	}
	set.FailCommand(t, 1, "failCommands", bson.A{"delete"}, "namespace", "understudy.runs", "closeConnection", true)
	if n, err := prune(); err == nil || n != 0 {
		t.Fatalf("Prune: %d, %v; want an error", n, err)
	}
	mongotest.Eventually(t, "a connection", func() error { _, err := s.Jobs(t.Context(), "g"); return err })
	late()
	empty("while it is pruned")
	mongotest.Eventually(t, "the next pruning", func() error { _, err := prune(); return err })
	if n := stored(t, d, "runs"); n != 0 {
		t.Fatalf("%d runs are left", n)
	}
	late()
	empty("afterwards")
}
