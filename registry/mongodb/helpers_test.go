package mongodb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/mongouri"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/registrytest"
)

// open opens a registry. It is closed when the test ends.
func open(t testing.TB, uri string) *mongodb.Registry {
	t.Helper()
	r := opened(t, uri, mongodb.Options{})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// opened opens a registry, and tries again after ErrUnreachable: on a machine that
// stalls, a server may take longer than two seconds to answer.
func opened(t testing.TB, uri string, o mongodb.Options) (r *mongodb.Registry) {
	t.Helper()
	mongotest.Eventually(t, "opening "+uri, func() (err error) {
		r, err = mongodb.Open(context.Background(), uri, o)
		if err != nil && !errors.Is(err, mongodb.ErrUnreachable) {
			t.Fatal(err)
		}
		return err
	})
	return r
}

func newInstance(group string) registry.Instance {
	return registry.Instance{
		ID: uuid.Must(uuid.NewV7()), Group: group, Host: "host", PID: 1,
		Status:   registry.Status{Role: registry.Passive, Candidate: true},
		Interval: time.Second, OrphanAfter: time.Minute,
	}
}

func register(t testing.TB, r *mongodb.Registry, group string) registry.Instance {
	t.Helper()
	in := newInstance(group)
	if _, err := r.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return in
}

func begin(t testing.TB, r *mongodb.Registry, group string, number int64, holder uuid.UUID) {
	t.Helper()
	if err := r.BeginTerm(t.Context(), registry.Term{Group: group, Number: number, Holder: holder}); err != nil {
		t.Fatal(err)
	}
}

func latest(t testing.TB, r *mongodb.Registry, group string) *registry.Term {
	t.Helper()
	v, err := r.View(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	return v.Latest
}

// databaseOf returns the database that the URI names.
func databaseOf(uri string) string { return mongouri.Parse(uri).Database }

// db returns the database in which a registry has its records.
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

// termID returns the _id of a term, whose number may be of any type.
func termID(group string, number any) bson.D {
	return bson.D{{Key: "group", Value: group}, {Key: "term", Value: number}}
}

// spoil sets one field of a stored record, or removes it if the value is nil.
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

func id(in uuid.UUID) bson.Binary { return bson.Binary{Subtype: bson.TypeBinaryUUID, Data: in[:]} }

// set changes fields of a stored instance.
func set(t *testing.T, c *mongo.Collection, in uuid.UUID, fields bson.M) {
	t.Helper()
	result, err := c.UpdateOne(t.Context(), bson.M{"_id": id(in)}, bson.M{"$set": fields})
	if err != nil || result.MatchedCount != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
}
