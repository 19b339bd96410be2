package mongostore

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
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
			wantStorable(t, raw(t, doc))
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("%s with %s = %T: an error of %d bytes", kind.Name, field, value, len(err.Error()))
			}
		})
	}
}

// wantStorable checks that what can be read can be written again, as it was read.
func wantStorable(t *testing.T, raw bson.Raw) {
	t.Helper()
	if r, err := decodeRun(raw); err == nil {
		if stored, err := r.Stored(); err != nil || !cmp.Equal(stored, r) {
			t.Errorf("the run %+v would be stored as %+v, %v", r, stored, err)
		}
	}
	if j, err := decodeJob(raw); err == nil {
		if stored, err := j.Stored(); err != nil || !cmp.Equal(stored, j) {
			t.Errorf("the job %+v would be stored as %+v, %v", j, stored, err)
		}
	}
	if c, err := decodeChunk(raw); err == nil && (c.N < 0 || c.Offset < 0 || len(c.Data) > store.MaxChunk) {
		t.Errorf("the chunk %+v was decoded", c)
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

func TestDecodeChunk_ReadsOrRefusesAnyValueInAnyField(t *testing.T) {
	if c, err := decodeChunk(raw(t, sampleChunk())); err != nil || c.N != 2 || c.Offset != 3 || string(c.Data) != "x" {
		t.Fatalf("the sound chunk: %+v, %v", c, err)
	}
	good := 0
	for _, odd := range oddities {
		id := bson.D{{Key: "group", Value: "g"}, {Key: "job", Value: "j"}, {Key: "run", Value: "r"}, {Key: "attempt", Value: int64(1)}, {Key: "n", Value: odd}}
		doc := sampleChunk()
		doc[0].Value = id
		if c, err := decodeChunk(raw(t, doc)); err == nil {
			good++
		} else if !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("n = %v: %+v, %v", odd, c, err)
		}
		wantStorable(t, raw(t, doc))
	}
	if good == 0 || good == len(oddities) {
		t.Errorf("%d of %d numbers were read", good, len(oddities))
	}
	Variants(sampleChunk(), func(field string, value any, doc bson.D) {
		if c, err := decodeChunk(raw(t, doc)); err != nil && !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrSchema) {
			t.Errorf("%s = %v: %+v, %v", field, value, c, err)
		} else if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%s = %T: an error of %d bytes", field, value, len(err.Error()))
		}
		wantStorable(t, raw(t, doc))
	})
}

func FuzzDecode(f *testing.F) {
	for _, kind := range Kinds {
		f.Add([]byte(raw(f, kind.Doc)))
	}
	f.Add([]byte(raw(f, bson.D{{Key: "_id", Value: 1.5}, {Key: "schema", Value: "x"}, {Key: "attempts", Value: bson.A{1}}})))
	f.Add([]byte(raw(f, sampleChunk())))
	f.Add([]byte{5, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, errRun := decodeRun(data)
		_, errJob := decodeJob(data)
		_, errKey := decodeKey(data)
		_, errChunk := decodeChunk(data)
		wantStorable(t, data)
		for _, err := range []error{errRun, errJob, errKey, errChunk} {
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
