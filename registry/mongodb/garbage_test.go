package mongodb_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
)

// A record among the terms of a group that makes no sense is never skipped, whatever its
// shape.
func TestView_GarbageAboveTheLatestTermIsAnError(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	terms := db(t, uri, "").Collection("terms")
	for name, id := range map[string]bson.D{
		"a text":         termID("a", "7"),
		"a date":         termID("a", bson.DateTime(0)),
		"a document":     termID("a", bson.D{}),
		"half a term":    termID("a", 2.5),
		"another name":   {{Key: "group", Value: "a"}, {Key: "zterm", Value: int64(1)}},
		"one field more": append(termID("a", int64(2)), bson.E{Key: "more", Value: 1}),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, err := terms.DeleteMany(t.Context(), bson.M{}); err != nil {
					t.Error(err)
				}
			}()
			begin(t, r, "a", 2, uuid.Must(uuid.NewV7()))
			begin(t, r, "b", 2, uuid.Must(uuid.NewV7()))
			if _, err := terms.InsertOne(t.Context(), bson.D{{Key: "_id", Value: id}, {Key: "schema", Value: 1}}); err != nil {
				t.Fatal(err)
			}
			if v, err := r.View(t.Context(), "a"); err == nil {
				t.Errorf("View: %+v, want an error", v.Latest)
			}
			if last := latest(t, r, "b"); last == nil || last.Number != 2 {
				t.Errorf("the latest term of another group is %+v, want term 2", last)
			}
		})
	}
}

// For a unique index, whole numbers of different types are the same number.
func TestView_FindsATermOfAnyNumericType(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	for i, number := range []any{int32(1), 2.0, int64(3)} {
		holder := uuid.Must(uuid.NewV7())
		_, err := db(t, uri, databaseOf(uri)).Collection("terms").InsertOne(t.Context(), bson.D{
			{Key: "_id", Value: termID("g", number)}, {Key: "schema", Value: 1},
			{Key: "holder", Value: bson.Binary{Subtype: bson.TypeBinaryUUID, Data: holder[:]}}, {Key: "startedAt", Value: time.Now()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if last := latest(t, r, "g"); last == nil || last.Number != int64(i+1) || last.Holder != holder {
			t.Errorf("the latest is %+v, want %d", last, i+1)
		}
		if err := r.EndTerm(t.Context(), "g", int64(i+1), holder, registry.End{}); err != nil || latest(t, r, "g").Open() {
			t.Errorf("EndTerm: %v, and it is open: %v", err, latest(t, r, "g").Open())
		}
	}
}
