package cli

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// testRegistry is a registry that a test fills and the program reads.
type testRegistry struct {
	store.Backend
	uri string
}

// eachBackend runs a test with a registry of each backend.
func eachBackend(t *testing.T, test func(t *testing.T, s testRegistry)) {
	t.Run("sqlite", func(t *testing.T) { test(t, onSQLite(t)) })
	t.Run("mongodb", func(t *testing.T) {
		uri := mongotest.Shared(t)
		reg, err := mongotest.OpenRegistry(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = reg.Close(context.Background()) })
		test(t, testRegistry{reg, uri})
	})
}

// onSQLite returns a registry in a file, for tests of what is the same with each backend.
func onSQLite(t *testing.T) testRegistry {
	t.Helper()
	path := filepath.Join(t.TempDir(), "registry.db")
	reg, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close(context.Background()) })
	return testRegistry{reg, "sqlite:" + path}
}

// join registers an instance.
func (s testRegistry) join(t *testing.T, group, host string) uuid.UUID {
	t.Helper()
	in := registry.Instance{
		ID: uuid.Must(uuid.NewV7()), Group: group, Host: host, PID: 4711, Version: "v1.2.3",
		Status:   registry.Status{Role: registry.Passive, Candidate: true},
		Interval: registry.DefaultTiming.Interval, OrphanAfter: time.Hour, // no instance beats in these tests, and none is to be late
	}
	if _, err := s.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return in.ID
}

func (s testRegistry) begin(t *testing.T, group string, number int64, holder uuid.UUID, host string) {
	t.Helper()
	if err := s.BeginTerm(t.Context(), registry.Term{Group: group, Number: number, Holder: holder, Host: host, OrphanAfter: time.Minute}); err != nil {
		t.Fatal(err)
	}
}

func (s testRegistry) end(t *testing.T, group string, number int64, holder uuid.UUID, end registry.End) {
	t.Helper()
	if err := s.EndTerm(t.Context(), group, number, holder, end); err != nil {
		t.Fatal(err)
	}
}

// spoil makes the records of all terms of a group unreadable.
func (s testRegistry) spoil(t *testing.T, group string) {
	t.Helper()
	s.spoilTo(t, group, registry.MaxTerm)
}

// spoilTo makes the records of the terms up to last unreadable.
func (s testRegistry) spoilTo(t *testing.T, group string, last int64) {
	t.Helper()
	if path, ok := strings.CutPrefix(s.uri, "sqlite:"); ok {
		testkit.SQL(t, path, `UPDATE terms SET schema = x'1b5b324a' WHERE "group" = ? AND number <= ?`, group, last)
		return
	}
	if r, err := s.collection(t, "terms").UpdateMany(t.Context(), bson.M{"_id.group": group, "_id.term": bson.M{"$lte": last}}, bson.M{"$set": bson.M{"schema": "\x1b[2J"}}); err != nil || r.ModifiedCount == 0 {
		t.Fatal(r, err)
	}
}

// shift moves all heartbeats ahead, as if the registry's clock had been set back.
func (s testRegistry) shift(t *testing.T, by time.Duration) {
	t.Helper()
	if path, ok := strings.CutPrefix(s.uri, "sqlite:"); ok {
		testkit.SQL(t, path, `UPDATE instances SET heartbeat = heartbeat + ?`, by.Microseconds())
		return
	}
	set := bson.A{bson.M{"$set": bson.M{"heartbeat": bson.M{"$add": bson.A{"$heartbeat", by.Milliseconds()}}}}}
	if r, err := s.collection(t, "instances").UpdateMany(t.Context(), bson.M{}, set); err != nil || r.ModifiedCount == 0 {
		t.Fatal(r, err)
	}
}

// collection returns a collection of MongoDB.
func (s testRegistry) collection(t *testing.T, name string) *mongo.Collection {
	t.Helper()
	u, err := url.Parse(s.uri)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(s.uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(strings.TrimPrefix(u.Path, "/")).Collection(name)
}

// spoilRun makes the record of a run unreadable.
func (s testRegistry) spoilRun(t *testing.T, run string) {
	t.Helper()
	if path, ok := strings.CutPrefix(s.uri, "sqlite:"); ok {
		testkit.SQL(t, path, `UPDATE runs SET schema = x'1b5b324a' WHERE run = ?`, run)
		return
	}
	if r, err := s.collection(t, "runs").UpdateMany(t.Context(), bson.M{"_id.run": run}, bson.M{"$set": bson.M{"schema": "\x1b[2J"}}); err != nil || r.ModifiedCount == 0 {
		t.Fatal(r, err)
	}
}
