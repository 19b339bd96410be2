package mongostore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/storetest"
	"github.com/understudy-go/understudy/registry"
)

// awaitIndices waits for the indices, which the first call of a holder has made in the
// background.
func awaitIndices(t testing.TB, runs *mongo.Collection) {
	t.Helper()
	mongotest.Eventually(t, "the indices", func() error {
		list, err := runs.Indexes().ListSpecifications(t.Context())
		if err == nil && len(list) != 7 {
			err = fmt.Errorf("%d indices, want that of _id and six", len(list))
		}
		return err
	})
}

// However long the history is, each call reads what it returns, and little more.
func TestStore_ReadsWhatItReturnsAlone(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	s, h := open(t, uri).Jobs(), holder(1)
	database := db(t, uri, "")
	ctx := t.Context()
	if _, err := s.Seal(ctx, h); err != nil {
		t.Fatal(err)
	}
	awaitIndices(t, database.Collection("runs"))
	for _, group := range []string{"f", "g", "h"} {
		h := h
		h.Group = group
		var runs []store.Run
		for n := range 300 {
			r := completed(processing(h, fmt.Sprintf("%03d", n)))
			r.At, r.EndedAt, r.Job = instant.Add(time.Duration(n)*time.Second), instant.Add(time.Duration(n)*time.Second), fmt.Sprint("job", n%3)
			switch n {
			case 10, 20:
				r.State = store.Failed
			case 30, 40:
				r.State, r.Open, r.EndedAt = store.Processing, true, time.Time{}
			case 50, 60, 70:
				r.State, r.Open, r.EndedAt, r.Attempt = store.Waiting, true, time.Time{}, 0
			case 80:
				r.State, r.Open, r.EndedAt, r.Due, r.Attempt = store.Waiting, true, time.Time{}, instant.Add(time.Hour), 0
			case 81: // one of job0 comes before the next one of job2
				r.State, r.Open, r.EndedAt, r.Due, r.Attempt = store.Waiting, true, time.Time{}, instant.Add(30*time.Minute), 0
			case 90, 100:
				r.State, r.Open, r.EndedAt, r.Due = store.Waiting, true, time.Time{}, instant.Add(2*time.Hour)
				r.Output.Head = make([]byte, store.MaxHead)
			}
			runs = append(runs, r)
		}
		if _, err := s.Claim(ctx, h, runs); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveJobs(ctx, h, []store.Job{{Group: "g", Name: "job1", Revision: 1, Mark: instant.Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	next := h
	next.Term++
	for _, tt := range []struct {
		name string
		docs int // that it may examine
		call func() (n int, err error)
		want int
	}{
		{"Runs", 10, func() (int, error) { l, err := s.Runs(ctx, "g", store.Filter{Limit: 10}); return len(l), err }, 10},
		{"Runs of a job", 10, func() (int, error) {
			l, err := s.Runs(ctx, "g", store.Filter{Job: "job1", Limit: 10})
			return len(l), err
		}, 10},
		{"Runs that failed", 2, func() (int, error) {
			l, err := s.Runs(ctx, "g", store.Filter{States: []store.State{store.Failed, store.TimedOut}, Limit: 10})
			return len(l), err
		}, 2},
		{"Runs before", 11, func() (int, error) {
			l, err := s.Runs(ctx, "g", store.Filter{Before: store.Run{Key: store.Key{Job: "job0", Run: "150"}, At: instant.Add(150 * time.Second)}, Limit: 10})
			return len(l), err
		}, 10},
		{"Runs since", 5, func() (int, error) {
			l, err := s.Runs(ctx, "g", store.Filter{Since: instant.Add(295 * time.Second), Limit: 10})
			return len(l), err
		}, 5},
		{"Open", 2, func() (int, error) { l, err := s.Open(ctx, storetest.AnyHolder("g"), nil, 10); return len(l), err }, 2},
		{"Open without one", 1, func() (int, error) {
			l, err := s.Open(ctx, storetest.AnyHolder("g"), []store.Key{processing(h, "030").Key, {Group: "g", Job: "job0", Run: "030"}}, 10)
			return len(l), err
		}, 1},
		{"Due", 4, func() (int, error) {
			l, _, err := s.Due(ctx, storetest.AnyHolder("g"), instant.Add(time.Minute), nil, 10)
			return len(l), err
		}, 3},
		{"Due without some jobs", 2, func() (int, error) {
			l, _, err := s.Due(ctx, storetest.AnyHolder("g"), instant.Add(time.Minute), []string{"job0", "job1"}, 10)
			return len(l), err
		}, 1},
		{"Retrying", 0, func() (int, error) { l, err := s.Retrying(ctx, "g"); return len(l), err }, 2},
		{"Queue", 3, func() (int, error) { q, err := s.Queue(ctx, "g", instant.Add(time.Minute)); return len(q), err }, 3},
		{"Submit", 8, func() (int, error) { _, _, err := s.Submit(ctx, triggered("new"), nil, 100); return 0, err }, 0},
		// It reads the run behind the newest that stay, and each that it deletes four times.
		{"Prune", 8 + 4*5, func() (int, error) {
			return s.Prune(ctx, h, "job1", store.Prunable{Before: instant.Add(time.Hour), FailedBefore: instant.Add(time.Hour), Keep: 5}, 5)
		}, 5},
		{"Seal", 2 * (8 + 1), func() (int, error) { l, err := s.Seal(ctx, next); return len(l), err }, 1},
	} {
		profile(t, database, 2)
		n, err := tt.call()
		profile(t, database, 0)
		if err != nil || n != tt.want {
			t.Errorf("%s returned %d, %v; want %d", tt.name, n, err, tt.want)
		}
		docs := 0
		for _, op := range profiled(t, database) {
			docs += op.Docs
			if op.Sorted && !strings.HasPrefix(tt.name, "Open") || op.Plan == "COLLSCAN" {
				t.Errorf("%s: %s by %s, sorted by itself: %v; want an index that has the order", tt.name, op.Op, op.Plan, op.Sorted)
			}
		}
		if docs > tt.docs {
			t.Errorf("%s examined %d documents, want %d at most: %+v", tt.name, docs, tt.docs, profiled(t, database))
		}
		if err := database.Collection("system.profile").Drop(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// A user who may not make indices has none, and everything works.
func TestStore_WorksWithoutItsIndices(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	ask := openIn(t, uri, "", registry.Ask).Jobs() // this access makes none
	h := holder(1)
	r := claim(t, ask, h, processing(h, "1"))
	if _, _, err := ask.Submit(t.Context(), triggered("2"), nil, 10); err != nil {
		t.Fatal(err)
	}
	if runs, _, err := ask.Due(t.Context(), storetest.AnyHolder("g"), time.Now().Add(time.Hour), nil, 10); err != nil || len(runs) != 1 {
		t.Errorf("Due: %v, %v; want one", runs, err)
	}
	if runs, err := ask.Runs(t.Context(), "g", store.Filter{Limit: 10}); err != nil || len(runs) != 2 {
		t.Errorf("Runs: %v, %v; want two", runs, err)
	}
	if runs, err := ask.Open(t.Context(), storetest.AnyHolder("g"), nil, 10); err != nil || len(runs) != 1 || runs[0].Nonce != r.Nonce {
		t.Errorf("Open: %v, %v; want one", runs, err)
	}
	if list, err := db(t, uri, "").Collection("runs").Indexes().ListSpecifications(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%d indices, %v; want that of _id alone", len(list), err)
	}
}

func profile(t *testing.T, db *mongo.Database, level int) {
	t.Helper()
	if err := db.RunCommand(t.Context(), bson.D{{Key: "profile", Value: level}}).Err(); err != nil {
		t.Fatal(err)
	}
}

type operation struct {
	Op     string `bson:"op"`
	Plan   string `bson:"planSummary"`
	Docs   int    `bson:"docsExamined"`
	Keys   int    `bson:"keysExamined"`
	Sorted bool   `bson:"hasSortStage"`
}

// profiled returns the operations on runs.
func profiled(t *testing.T, db *mongo.Database) (ops []operation) {
	t.Helper()
	cursor, err := db.Collection("system.profile").Find(t.Context(), bson.M{"ns": db.Name() + ".runs"})
	if err == nil {
		err = cursor.All(t.Context(), &ops)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ops
}
