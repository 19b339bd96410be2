package mongodb

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

// oddities has a value of each type of BSON, and some extreme ones.
var oddities = []any{
	1.5, math.NaN(), math.Inf(1), 0.0, 1e300, "text", "", "\xff\xfe", "a\x00b", bson.D{}, bson.D{{Key: "group", Value: "g"}}, bson.A{}, bson.A{int64(1), "a"},
	bson.Binary{}, bson.Binary{Subtype: 4, Data: make([]byte, 15)}, bson.Binary{Subtype: 3, Data: make([]byte, 16)}, bson.Undefined{}, bson.NewObjectID(), true, false,
	bson.DateTime(0), bson.DateTime(math.MinInt64), bson.DateTime(math.MaxInt64), nil, bson.Regex{Pattern: "("}, bson.DBPointer{}, bson.JavaScript("x"),
	bson.Symbol("s"), bson.CodeWithScope{Code: "x", Scope: bson.D{}}, int32(-1), int32(7), bson.Timestamp{T: 1}, int64(math.MinInt64), int64(math.MaxInt64),
	bson.Decimal128{}, bson.MinKey{}, bson.MaxKey{},
}

func TestDecode_ReadsOrRefusesAnyValueInAnyField(t *testing.T) {
	id, now := mongofields.Binary(uuid.Must(uuid.NewV7())), time.Now()
	instance := bson.D{
		{Key: "_id", Value: id}, {Key: "group", Value: "g"}, {Key: "host", Value: "h"}, {Key: "pid", Value: int64(1)},
		{Key: "version", Value: "v"}, {Key: "startedAt", Value: now}, {Key: "beat", Value: int64(3)}, {Key: "heartbeat", Value: now},
		{Key: "role", Value: "passive"}, {Key: "term", Value: int64(0)}, {Key: "candidate", Value: true}, {Key: "interval", Value: int64(1000)},
		{Key: "orphanAfter", Value: int64(60000)}, {Key: "priority", Value: int64(0)}, {Key: "command", Value: ""}, {Key: "schema", Value: int64(1)},
	}
	term := bson.D{
		{Key: "_id", Value: termID{"g", 1}}, {Key: "holder", Value: id}, {Key: "host", Value: "h"}, {Key: "orphanAfter", Value: int64(60000)},
		{Key: "startedAt", Value: now}, {Key: "endedAt", Value: now}, {Key: "reason", Value: "stopped"}, {Key: "exitCode", Value: int64(0)},
		{Key: "handoverTo", Value: id}, {Key: "handoverAt", Value: now}, {Key: "schema", Value: int64(1)},
	}
	for _, kind := range []struct {
		doc    bson.D
		decode func(bson.Raw) error
	}{
		{instance, func(raw bson.Raw) error { _, err := decodeInstance(raw); return err }},
		{term, func(raw bson.Raw) error { _, err := decodeTerm(raw); return err }},
	} {
		if err := kind.decode(raw(t, kind.doc)); err != nil {
			t.Fatalf("the sound record: %v", err)
		}
		for i, field := range kind.doc {
			for _, odd := range oddities {
				doc := append(bson.D{}, kind.doc...)
				doc[i].Value = odd
				err := kind.decode(raw(t, doc))
				if err != nil && !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrSchema) {
					t.Errorf("%s = %T(%v): %v", field.Key, odd, odd, err)
				}
			}
		}
	}
}

func TestDecodeTerm_RefusesAnIDOfAnotherShape(t *testing.T) {
	for _, tt := range []struct {
		id   any
		want error
	}{
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: int64(3)}}, nil},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: int32(3)}}, nil},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: 3.0}}, nil},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: 3.5}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: math.NaN()}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: 1e300}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: int64(0)}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: int64(math.MaxInt64)}}, registry.ErrTermExhausted},
		{bson.D{{Key: "term", Value: int64(3)}, {Key: "group", Value: "g"}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: int64(3)}, {Key: "x", Value: 1}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: "g"}, {Key: "zzz", Value: int64(3)}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: "g"}}, registry.ErrCorrupt},
		{bson.D{{Key: "group", Value: 7}, {Key: "term", Value: int64(3)}}, registry.ErrCorrupt},
		{"g/3", registry.ErrCorrupt},
	} {
		got, err := decodeTerm(raw(t, bson.D{
			{Key: "_id", Value: tt.id}, {Key: "holder", Value: mongofields.Binary(uuid.New())}, {Key: "startedAt", Value: time.Now()}, {Key: "schema", Value: 1},
		}))
		if !errors.Is(err, tt.want) || err == nil && (got.Group != "g" || got.Number != 3) {
			t.Errorf("%v: %+v, %v, want %v", tt.id, got, err, tt.want)
		}
	}
}

func TestDecode_ErrorNamesTheWrongPartOfTheRecord(t *testing.T) {
	term := func(id any) bson.D {
		return bson.D{{Key: "_id", Value: id}, {Key: "holder", Value: "me"}, {Key: "schema", Value: int64(1)}}
	}
	instance := bson.D{{Key: "_id", Value: mongofields.Binary(uuid.Nil)}, {Key: "group", Value: "g"}, {Key: "beat", Value: 2.5}, {Key: "schema", Value: int64(1)}}
	_, errBeat := decodeInstance(raw(t, instance))
	for _, tt := range []struct {
		err  error
		want string
	}{
		{termError(t, term(bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: "three"}})), `a term of group "g": _id.term is the text "three", want a whole number`},
		{termError(t, term(bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: math.NaN()}})), `a term of group "g": _id.term is NaN, want a whole number`},
		{termError(t, term(bson.D{{Key: "group", Value: "g"}, {Key: "term", Value: nil}})), `a term of group "g": _id.term is null, want a whole number`},
		{termError(t, term(bson.D{{Key: "group", Value: int64(7)}, {Key: "term", Value: int64(3)}})), `_id.group is 7, want a text`},
		{termError(t, term(bson.D{{Key: "term", Value: int64(3)}, {Key: "group", Value: "g"}})), `_id has the fields ["term" "group"], want group and term, in this order`},
		{termError(t, term("g/3")), `_id is the text "g/3", want {group: TEXT, term: NUMBER}`},
		{termError(t, term(termID{"g", 3})), `term 3 of group "g": holder is the text "me", want a UUID`},
		{errBeat, `instance 00000000-0000-0000-0000-000000000000: beat is 2.5, want a whole number`},
	} {
		if tt.err == nil || !strings.HasSuffix(tt.err.Error(), tt.want) {
			t.Errorf("%v, want %s", tt.err, tt.want)
		}
	}
}

func termError(t *testing.T, doc bson.D) error {
	t.Helper()
	_, err := decodeTerm(raw(t, doc))
	return err
}

func TestMilliseconds_RoundsUp(t *testing.T) {
	for d, want := range map[time.Duration]int64{0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, time.Minute: 60000} {
		if got := mongofields.Milliseconds(d); got != want {
			t.Errorf("%v is stored as %d ms, want %d", d, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(raw(f, bson.D{{Key: "_id", Value: termID{"g", 1}}, {Key: "schema", Value: 1}, {Key: "holder", Value: mongofields.Binary(uuid.Nil)}})))
	f.Add([]byte(raw(f, bson.D{{Key: "_id", Value: 1.5}, {Key: "schema", Value: "x"}, {Key: "beat", Value: bson.A{1}}})))
	f.Add([]byte{5, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, errInstance := decodeInstance(data)
		_, errTerm := decodeTerm(data)
		for _, err := range []error{errInstance, errTerm} {
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
