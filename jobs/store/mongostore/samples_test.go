package mongostore

import (
	"math"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// oddities has a value of each type of BSON, and some extreme ones.
var oddities = []any{
	1.5, 2.0, math.NaN(), math.Inf(1), 0.0, 1e300, "text", "", "waiting", "\xff\xfe", "a\x00b", bson.D{}, bson.D{{Key: "group", Value: "g"}},
	bson.A{}, bson.A{int64(1), "a"}, bson.A{"waiting"}, bson.A{true}, bson.A{nil}, bson.A{time.Now()}, bson.Binary{}, bson.Binary{Subtype: 4, Data: make([]byte, 15)},
	bson.Binary{Subtype: 4, Data: make([]byte, 16)}, bson.Binary{Subtype: 3, Data: make([]byte, 16)}, bson.Binary{Data: make([]byte, 32)}, bson.Binary{Data: make([]byte, 33)},
	bson.Binary{Subtype: 5, Data: make([]byte, 32)}, bson.Undefined{}, bson.NewObjectID(), true, false, bson.DateTime(0), bson.DateTime(1), bson.DateTime(math.MinInt64),
	bson.DateTime(math.MaxInt64), bson.DateTime(store.LatestInstant - 1), bson.DateTime(store.LatestInstant), nil, bson.Regex{Pattern: "("}, bson.DBPointer{},
	bson.JavaScript("x"), bson.Symbol("s"), bson.Symbol("waiting"), bson.CodeWithScope{Code: "x", Scope: bson.D{}}, int32(-1), int32(0), int32(1), int32(7), bson.Timestamp{T: 1}, int64(math.MinInt64),
	int64(math.MaxInt64), int64(math.MaxInt32), int64(math.MaxInt32 + 1), int64(math.MinInt32), int64(math.MinInt32 - 1), int64(registry.MaxTerm), int64(registry.MaxTerm + 1),
	bson.Decimal128{}, bson.MinKey{}, bson.MaxKey{},
}

// sample returns a run with something in each field.
func sample(state store.State) bson.D {
	now := time.Now()
	k := store.Key{Group: "g", Job: "j", Run: "r"}
	r := store.Run{
		Key: k, Trigger: store.ByPerson, Slot: now, At: now, Due: now, Priority: 1, By: "me", Payload: store.Digest{1}, Parent: "a/b",
		State: state, Open: true, Term: 3, Instance: uuid.New(), Attempt: 2, Nonce: uuid.New(),
		Attempts: []store.Attempt{{Number: 1, Instance: uuid.New(), Host: "h", Term: 2, From: now, To: now, End: store.AttemptFailed, ExitCode: 1}},
		Failures: 1, Interruptions: 1, Result: []byte("result"), Output: store.Output{Head: []byte("h"), Tail: []byte("t"), Bytes: 9}, Remark: "remark",
	}
	if state.Ended() {
		r.EndedAt, r.Open = now, false
	}
	d := newRun(r)
	return append(d, bson.E{Key: "progress", Value: progress(store.Progress{Percent: 1, Text: "x", At: now})},
		bson.E{Key: "cancel", Value: request(store.Request{By: "me", Why: "so", At: now})}, bson.E{Key: "blob", Value: mongofields.Binary(uuid.New())})
}

func sampleJob() bson.D {
	now := time.Now()
	d := bson.D{{Key: "_id", Value: jobID{"g", "j"}}}
	d = append(d, savedJob(store.Job{Mark: now, Since: now, Hash: "c0ffee", Digest: "d16e57", Term: 3, Revision: 4, Schedule: "@hourly", Zone: "UTC", Description: "d", Next: now, Gone: true})...)
	return append(d, bson.E{Key: "paused", Value: request(store.Request{By: "me", At: now})}, bson.E{Key: "resumed", Value: date(now)})
}

func sampleChunk() bson.D {
	return bson.D{
		{Key: "_id", Value: chunkOf(store.Key{Group: "g", Job: "j", Run: "r"}, 1, 2)},
		{Key: "offset", Value: int64(3)}, {Key: "data", Value: []byte("x")}, {Key: "schema", Value: int64(store.Schema)},
	}
}

// Variants calls f with a record in which one field is missing or has an odd value.
func Variants(doc bson.D, f func(field string, value any, doc bson.D)) {
	for i, field := range doc {
		missing := append(append(bson.D{}, doc[:i]...), doc[i+1:]...)
		f(field.Key, "nothing", missing)
		for _, odd := range oddities {
			spoilt := append(bson.D{}, doc...)
			spoilt[i].Value = odd
			f(field.Key, odd, spoilt)
		}
	}
}

// Kinds are the kinds of records, for the tests of this package and of the one beside it.
var Kinds = []struct {
	Name   string
	Doc    bson.D
	Sound  bson.E
	Decode func(bson.Raw) error
}{
	{"waiting run", sample(store.Waiting), soundRun, func(raw bson.Raw) error { _, err := decodeRun(raw); return err }},
	{"processing run", sample(store.Processing), soundRun, func(raw bson.Raw) error { _, err := decodeRun(raw); return err }},
	{"failed run", sample(store.Failed), soundRun, func(raw bson.Raw) error { _, err := decodeRun(raw); return err }},
	{"job", sampleJob(), soundJob, func(raw bson.Raw) error { _, err := decodeJob(raw); return err }},
}
