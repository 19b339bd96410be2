package mongodb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/registrytest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	registrytest.Run(t, func(t *testing.T) registrytest.Store {
		return store(t, mongotest.Shared(t), "")
	})
}

func TestConformance_OfAStandaloneServer(t *testing.T) {
	t.Parallel()
	uri := mongotest.Start(t, 1, mongotest.Standalone).URI()
	stores := 0
	registrytest.Run(t, func(t *testing.T) registrytest.Store {
		stores++
		return store(t, uri, "store"+string(rune('a'+stores)))
	})
	t.Run("Check", func(t *testing.T) { checkStandalone(t, uri) })
}

// checkStandalone checks a server that has no transactions, so that the records of a
// trial have to be deleted. The first of the databases has been used before.
func checkStandalone(t *testing.T, uri string) {
	wantMarks(t, checked(t, uri), map[string]finding.Mark{"replica set": warning, "majority": fine, "watch": fine})
	d := db(t, uri, "storeb")
	if err := d.CreateCollection(t.Context(), "terms"); err != nil {
		t.Fatal(err)
	}
	before := stored(t, d)
	found := checkedIn(t, uri, "storeb")
	if f := found["trial"]; f.Mark != fine || !strings.Contains(f.Detail, "two instances were registered") {
		t.Errorf("a trial without transactions: %+v, want that it works", f)
	}
	if after := stored(t, d); after != before {
		t.Errorf("the check left something behind: before it there was\n%s\nand after it\n%s", before, after)
	}
	index := found["index"]
	half := db(t, uri, "half")
	unique := mongo.IndexModel{Keys: bson.M{"email": 1}, Options: options.Index().SetUnique(true)}
	for _, name := range []string{"instances", "terms"} {
		if _, err := half.Collection(name).Indexes().CreateOne(t.Context(), unique); err != nil {
			t.Fatal(err)
		}
	}
	before = stored(t, half)
	if f := checkedIn(t, uri, "half")["trial"]; f.Mark != fault {
		t.Errorf("a trial that is refused half-way: %+v, want an error", f)
	}
	if after := stored(t, half); after != before {
		t.Errorf("the check left something behind: before it there was\n%s\nand after it\n%s", before, after)
	}
	if index.Mark != fine || !strings.Contains(index.Detail, "seniority") {
		t.Errorf("the index: %+v, want the one that Open made", index)
	}
	f := checked(t, uri+"replicaSet=rs0")["reachable"]
	if f.Mark != fault || !strings.Contains(f.Detail, "no replica set: remove replicaSet=rs0") {
		t.Errorf("with the name of a replica set: %+v, want the advice to remove it", f)
	}
}

// store returns a store for the conformance suite, in a database that is empty.
func store(t *testing.T, uri, database string) registrytest.Store {
	open := func(t *testing.T, a registry.Access) registry.Backend {
		r := opened(t, uri, mongodb.Options{Database: database, Access: a})
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = r.Close(ctx)
		})
		return r
	}
	records := db(t, uri, database)
	return registrytest.Store{
		Open: func(t *testing.T) registry.Backend { return open(t, registry.Join) },
		Look: func(t *testing.T) registry.Backend { return open(t, registry.Look) },
		Spoil: func(t *testing.T, r registrytest.Record, field string, value any) {
			spoil(t, records, r, field, value)
		},
	}
}
