package mongodb_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/mongouri"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/registrytest"
)

func TestMain(m *testing.M) {
	code := mongotest.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func TestConformance(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) registrytest.Store {
		return store(t, mongotest.Shared(t), "")
	})
}

func TestConformanceOfAStandaloneServer(t *testing.T) {
	uri := mongotest.Start(t, 1, mongotest.Standalone).URI()
	stores := 0
	registrytest.Run(t, func(t *testing.T) registrytest.Store {
		stores++
		return store(t, uri, "store"+string(rune('a'+stores)))
	})
	wantMarks(t, checked(t, uri), map[string]finding.Mark{"replica set": warning, "majority": fine, "watch": warning})
	d := db(t, uri, "storeb")
	if err := d.CreateCollection(t.Context(), "terms"); err != nil {
		t.Fatal(err)
	}
	before := stored(t, d)
	found := checkedIn(t, uri, "storeb")
	if f := found["trial"]; f.Mark != fine || !strings.Contains(f.Detail, "two instances were registered") {
		t.Errorf("a trial without transactions: %+v", f)
	}
	if after := stored(t, d); after != before {
		t.Errorf("before the check there was\n%s\nand after it\n%s", before, after)
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
		t.Errorf("a trial that is refused half-way: %+v", f)
	}
	if after := stored(t, half); after != before {
		t.Errorf("before the check there was\n%s\nand after it\n%s", before, after)
	}
	if index.Mark != fine || !strings.Contains(index.Detail, "seniority") {
		t.Errorf("it made no index: %+v", index)
	}
	f := checked(t, uri+"replicaSet=rs0")["reachable"]
	if f.Mark != fault || !strings.Contains(f.Detail, "no replica set: remove replicaSet=rs0") {
		t.Errorf("with a replica set's name: %+v", f)
	}
}

// store is a store of the conformance suite in a database that is empty.
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
	return registrytest.Store{
		Open: func(t *testing.T) registry.Backend { return open(t, registry.Join) },
		Look: func(t *testing.T) registry.Backend { return open(t, registry.Look) },
		Spoil: func(t *testing.T, r registrytest.Record, field string, value any) {
			spoil(t, db(t, uri, database), r, field, value)
		},
	}
}

// databaseOf returns the database that a URI names.
func databaseOf(uri string) string { return mongouri.Parse(uri).Database }

// db is the database beneath the registry.
func db(t testing.TB, uri, database string) *mongo.Database {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	if database == "" {
		database = databaseOf(uri)
	}
	return client.Database(database)
}

func spoil(t *testing.T, db *mongo.Database, r registrytest.Record, field string, value any) {
	t.Helper()
	c, id := db.Collection("instances"), any(bson.Binary{Subtype: bson.TypeBinaryUUID, Data: r.ID[:]})
	if r.Group != "" {
		c, id = db.Collection("terms"), termID(r.Group, r.Term)
	}
	if field == "number" {
		var doc bson.D
		if err := c.FindOneAndDelete(t.Context(), bson.M{"_id": id}).Decode(&doc); err != nil {
			t.Fatal(err)
		}
		doc[0] = bson.E{Key: "_id", Value: termID(r.Group, value)}
		if _, err := c.InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
		return
	}
	names := []string{field}
	if field == "handover" {
		names = []string{"handoverAt", "handoverTo"}
	}
	for _, name := range names {
		change := bson.M{"$set": bson.M{name: value}}
		if value == nil {
			change = bson.M{"$unset": bson.M{name: true}}
		}
		result, err := c.UpdateOne(t.Context(), bson.M{"_id": id}, change)
		if err != nil || result.MatchedCount != 1 {
			t.Fatalf("spoil %s: %+v, %v", name, result, err)
		}
	}
}

func termID(group string, number any) bson.D {
	return bson.D{{Key: "group", Value: group}, {Key: "term", Value: number}}
}
