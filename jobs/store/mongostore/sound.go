package mongostore

import (
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// soundRun, soundJob and soundCheckpoint match the records that can be decoded, but for
// what is wrong with an _id. No other record is changed: a filter that names a version
// would match it as well. They list what is wrong, because for the server a condition on
// a field is one on each element of an array too.
var (
	soundRun = without(
		unless(bson.D{{Key: "$in", Value: store.States}, {Key: "$type", Value: "string"}}, "state"),
		unless(bson.D{{Key: "$type", Value: "bool"}}, "open"),
		unless(between(int64(0), int64(registry.MaxTerm)), "term"),
		unless(between(int64(0), int64(maxInt)), "attempt", "failures", "interruptions"),
		unless(between(int64(minInt), int64(maxInt)), "priority"),
		integers("term", "attempt", "failures", "interruptions", "priority", "schema"),
		unless(between(firstInstant, lastInstant), "at"),
		unlessMissing(between(firstInstant, lastInstant), "slot", "due", "endedAt"),
		unlessMissing(between(mongofields.Binary(uuid.Nil), mongofields.Binary(uuid.Max)), "nonce", "instance"),
		// Binary data are ordered by their length first.
		unlessMissing(between(make([]byte, 32), allOnes(32)), "payload"),
		bson.A{bson.D{{Key: "attempts", Value: bson.D{{Key: "$not", Value: bson.D{{Key: "$type", Value: "array"}}}}}}},
		unless(between(int64(1), int64(store.Schema)), "schema"),
		bson.A{
			bson.D{{Key: "state", Value: store.Waiting}, {Key: "due", Value: nil}},
			bson.D{{Key: "state", Value: bson.D{{Key: "$in", Value: bson.A{store.Waiting, store.Processing}}}}, {Key: "open", Value: false}},
			bson.D{{Key: "state", Value: store.Processing}, {Key: "term", Value: 0}},
			bson.D{{Key: "state", Value: store.Processing}, {Key: "attempt", Value: 0}},
			bson.D{{Key: "state", Value: bson.D{{Key: "$in", Value: ended}}}, {Key: "endedAt", Value: nil}},
			bson.D{{Key: "open", Value: true}, {Key: listed, Value: exists(false)}},
			bson.D{{Key: "open", Value: false}, {Key: listed, Value: exists(true)}},
		},
	)
	soundJob = without(
		unlessMissing(between(firstInstant, lastInstant), "mark", "since", "resumed"),
		unless(bson.D{{Key: "$type", Value: "string"}}, "hash"),
		unless(between(int64(1), int64(registry.MaxTerm)), "term"),
		unless(between(int64(1), int64(store.MaxRevision)), "revision"),
		integers("term", "revision", "schema"),
		unless(between(int64(1), int64(store.Schema)), "schema"),
	)
	soundCheckpoint = without(
		unless(between(int64(0), int64(registry.MaxTerm)), "term"),
		unless(between(int64(0), int64(maxInt)), "attempt"),
		integers("term", "attempt", "schema"),
		unless(between(int64(1), int64(store.Schema)), "schema"),
	)
)

const minInt, maxInt = -1 << 31, 1<<31 - 1

var (
	firstInstant = time.UnixMilli(1)
	lastInstant  = time.UnixMilli(store.LatestInstant - 1)
)

// without matches the records to which none of the descriptions fits.
func without(wrong ...bson.A) bson.E {
	all := bson.A{}
	for _, list := range wrong {
		all = append(all, list...)
	}
	return bson.E{Key: "$nor", Value: all}
}

// unless describes the records in which one of the fields is not as be says.
func unless(be bson.D, names ...string) (wrong bson.A) {
	for _, name := range names {
		wrong = append(wrong, bson.D{{Key: name, Value: bson.D{{Key: "$not", Value: be}}}}, isArray(name))
	}
	return wrong
}

// unlessMissing is unless for fields that may be missing or null. Some servers take
// undefined for null.
func unlessMissing(be bson.D, names ...string) (wrong bson.A) {
	for _, name := range names {
		wrong = append(wrong, bson.D{{Key: "$and", Value: bson.A{
			bson.D{{Key: name, Value: bson.D{{Key: "$ne", Value: nil}}}}, bson.D{{Key: name, Value: bson.D{{Key: "$not", Value: be}}}},
		}}}, isArray(name), bson.D{{Key: name, Value: bson.D{{Key: "$type", Value: "undefined"}}}})
	}
	return wrong
}

// integers describes the records in which one of the fields is no whole number.
func integers(names ...string) bson.A {
	return unless(bson.D{{Key: "$type", Value: bson.A{"int", "long"}}}, names...)
}

func isArray(name string) bson.D {
	return bson.D{{Key: name, Value: bson.D{{Key: "$type", Value: "array"}}}}
}

func between(least, most any) bson.D {
	return bson.D{{Key: "$gte", Value: least}, {Key: "$lte", Value: most}}
}

func allOnes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xff
	}
	return b
}
