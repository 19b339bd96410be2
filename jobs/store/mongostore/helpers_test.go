package mongostore_test

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
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/storetest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// open opens a registry. It is closed when the test ends.
func open(t testing.TB, uri string) *mongodb.Registry {
	t.Helper()
	return openIn(t, uri, "", registry.Join)
}

// openIn opens a registry in a database, and tries again after ErrUnreachable: on a
// machine that stalls, a server may take longer than two seconds to answer.
func openIn(t testing.TB, uri, database string, a registry.Access) (r *mongodb.Registry) {
	t.Helper()
	mongotest.Eventually(t, "opening "+uri, func() (err error) {
		r, err = mongodb.Open(context.Background(), uri, mongodb.Options{Database: database, Access: a})
		if err != nil && !errors.Is(err, mongodb.ErrUnreachable) {
			t.Fatal(err)
		}
		return err
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = r.Close(ctx)
	})
	return r
}

// db returns the database in which a registry has its records.
func db(t testing.TB, uri, database string) *mongo.Database {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	if database == "" {
		database = mongouri.Parse(uri).Database
	}
	return client.Database(database)
}

// instant is when something happened in the tests.
var instant = time.Date(2027, 3, 14, 1, 59, 26, 0, time.UTC)

func holder(term int64) store.Holder {
	return store.Holder{Group: "g", Term: term, Instance: uuid.Must(uuid.NewV7())}
}

// processing returns a run as a holder claims it.
func processing(h store.Holder, run string) store.Run {
	return store.Run{
		Key: store.Key{Group: h.Group, Job: "report", Run: run}, Trigger: store.BySchedule, Slot: instant, At: instant, Due: instant,
		State: store.Processing, Open: true, Term: h.Term, Instance: h.Instance, Attempt: 1, Nonce: uuid.New(), Schema: store.Schema,
	}
}

// completed returns a run after its end.
func completed(r store.Run) store.Run {
	r.State, r.Open, r.EndedAt = store.Completed, false, instant.Add(time.Minute)
	return r
}

func triggered(run string) store.Run {
	return store.Run{Key: store.Key{Group: "g", Job: "report", Run: run}, Trigger: store.ByPerson}
}

// claim claims a run that has to be new.
func claim(t testing.TB, s store.Store, h store.Holder, r store.Run) store.Run {
	t.Helper()
	if there, err := s.Claim(t.Context(), h, []store.Run{r}); err != nil || there[0] != nil {
		t.Fatalf("Claim of %v: %v, %v", r.Key, there, err)
	}
	return r
}

// idOf returns the _id of a record of a run, and of a part of it.
func idOf(k store.Key, more ...bson.E) bson.D {
	return append(bson.D{{Key: "group", Value: k.Group}, {Key: "job", Value: k.Job}, {Key: "run", Value: k.Run}}, more...)
}

// spoil sets one field of a stored record, or removes it if the value is nil.
func spoil(t testing.TB, db *mongo.Database, r storetest.Record, field string, value any) {
	t.Helper()
	c, filter := db.Collection("runs"), bson.D{{Key: "_id", Value: idOf(r.Key)}}
	switch {
	case r.Run == "":
		c, filter = db.Collection("jobs"), bson.D{{Key: "_id", Value: idOf(r.Key)[:2]}}
	case r.Blob == "chunk":
		c, filter = db.Collection("chunks"), bson.D{{Key: "_id.group", Value: r.Group}, {Key: "_id.job", Value: r.Job}, {Key: "_id.run", Value: r.Run}}
	case r.Blob != "":
		c, filter = db.Collection("blobs"), bson.D{
			{Key: "_id.group", Value: r.Group}, {Key: "_id.job", Value: r.Job}, {Key: "_id.run", Value: r.Run}, {Key: "_id.kind", Value: bson.Regex{Pattern: "^" + r.Blob}},
		}
	}
	switch field {
	case "progress":
		field = "progress.text"
	case "head", "tail":
		field = "output." + field
	}
	change := bson.M{"$set": bson.M{field: value}}
	if value == nil {
		change = bson.M{"$unset": bson.M{field: true}}
	}
	if result, err := c.UpdateOne(t.Context(), filter, change); err != nil || result.MatchedCount != 1 {
		t.Fatalf("spoil %s of %+v: %+v, %v", field, r, result, err)
	}
}
