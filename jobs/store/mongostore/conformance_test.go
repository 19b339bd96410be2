package mongostore_test

import (
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store/storetest"
	"github.com/understudy-go/understudy/registry"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store { return backend(t, mongotest.Shared(t), "") })
}

func TestConformance_OfAStandaloneServer(t *testing.T) {
	t.Parallel()
	uri := mongotest.Start(t, 1, mongotest.Standalone).URI()
	stores := 0
	storetest.Run(t, func(t *testing.T) storetest.Store {
		stores++
		return backend(t, uri, "store"+string(rune('a'+stores)))
	})
	awaitIndices(t, db(t, uri, "storeb").Collection("runs"))
}

// backend returns a store for the conformance suite, in a database that is empty.
func backend(t *testing.T, uri, database string) storetest.Store {
	records := db(t, uri, database)
	return storetest.Store{
		Open:  func(t *testing.T) storetest.Backend { return openIn(t, uri, database, registry.Join) },
		Look:  func(t *testing.T) storetest.Backend { return openIn(t, uri, database, registry.Look) },
		Spoil: func(t *testing.T, r storetest.Record, field string, value any) { spoil(t, records, r, field, value) },
	}
}
