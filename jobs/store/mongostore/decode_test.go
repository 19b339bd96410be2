package mongostore

import (
	"errors"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func TestDecode_ReadsOrRefusesAnyValueInAnyField(t *testing.T) {
	for _, kind := range Kinds {
		if err := kind.Decode(raw(t, kind.Doc)); err != nil {
			t.Fatalf("the sound %s: %v", kind.Name, err)
		}
		Variants(kind.Doc, func(field string, value any, doc bson.D) {
			err := kind.Decode(raw(t, doc))
			if err != nil && !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrSchema) {
				t.Errorf("%s with %s = %T(%v): %v", kind.Name, field, value, value, err)
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("%s with %s = %T: an error of %d bytes", kind.Name, field, value, len(err.Error()))
			}
		})
	}
}

func TestDecode_RefusesAnIDOfAnotherShape(t *testing.T) {
	for _, id := range []any{
		"g/j/r", int64(7), bson.D{}, bson.A{"g", "j", "r"},
		bson.D{{Key: "group", Value: "g"}, {Key: "job", Value: "j"}},
		bson.D{{Key: "group", Value: "g"}, {Key: "run", Value: "r"}, {Key: "job", Value: "j"}},
		bson.D{{Key: "group", Value: "g"}, {Key: "job", Value: "j"}, {Key: "run", Value: "r"}, {Key: "x", Value: "y"}},
		bson.D{{Key: "group", Value: "g"}, {Key: "job", Value: "j"}, {Key: "run", Value: int64(7)}},
		bson.D{{Key: "group", Value: "g"}, {Key: "job", Value: "a job"}, {Key: "run", Value: "r"}},
		bson.D{{Key: "group", Value: "g"}, {Key: "job", Value: "j"}, {Key: "run", Value: string(make([]byte, store.MaxRunID+1))}},
	} {
		doc := sample(store.Waiting)
		doc[0].Value = id
		if r, err := decodeRun(raw(t, doc)); !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%v: %+v, %v; want ErrCorrupt", id, r.Key, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, kind := range Kinds {
		f.Add([]byte(raw(f, kind.Doc)))
	}
	f.Add([]byte(raw(f, bson.D{{Key: "_id", Value: 1.5}, {Key: "schema", Value: "x"}, {Key: "attempts", Value: bson.A{1}}})))
	f.Add([]byte{5, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, errRun := decodeRun(data)
		_, errJob := decodeJob(data)
		_, errKey := decodeKey(data)
		for _, err := range []error{errRun, errJob, errKey} {
			if err != nil {
				_ = err.Error()
			}
		}
	})
}

func raw(t testing.TB, doc bson.D) bson.Raw {
	t.Helper()
	data, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
