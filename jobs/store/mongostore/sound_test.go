package mongostore_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store/mongostore"
)

// A filter that matched a record that cannot be decoded would change it. One that did not
// match a record that can be decoded would make its holder try for ever.
func TestSound_MatchesJustWhatCanBeDecoded(t *testing.T) {
	t.Parallel()
	c := db(t, mongotest.Shared(t), "").Collection("records")
	type variant struct {
		text string
		want bool
	}
	for _, kind := range mongostore.Kinds {
		var docs []any
		var all []variant
		mongostore.Variants(kind.Doc, func(field string, value any, doc bson.D) {
			if field == "_id" {
				return // the filter names it
			}
			want := kind.Decode(raw(t, doc)) == nil
			doc[0] = bson.E{Key: "_id", Value: len(all)}
			docs = append(docs, doc)
			all = append(all, variant{field + " = " + mongofields.Describe(raw(t, doc).Lookup(field)), want})
		})
		if err := c.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.InsertMany(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
		var found []struct {
			ID int `bson:"_id"`
		}
		cursor, err := c.Find(t.Context(), bson.D{kind.Sound}, options.Find().SetProjection(bson.M{"_id": 1}))
		if err == nil {
			err = cursor.All(t.Context(), &found)
		}
		if err != nil {
			t.Fatal(err)
		}
		matched := map[int]bool{}
		for _, f := range found {
			matched[f.ID] = true
		}
		for i, v := range all {
			if matched[i] != v.want {
				t.Errorf("%s with %s: the filter matches: %v; it can be decoded: %v", kind.Name, v.text, matched[i], v.want)
			}
		}
	}
}

func raw(t testing.TB, doc bson.D) bson.Raw {
	t.Helper()
	data, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
