// Package registrytest is the contract of a registry as tests: a backend that passes
// [Run] can carry an election. The backend's own test passes a function that makes a
// store:
//
//	func TestConformance(t *testing.T) {
//		registrytest.Run(t, func(t *testing.T) registrytest.Store { … })
//	}
//
// The tests open several handles on one store, as several processes would, and change
// stored records directly in the store. A test that fails says what the contract demands.
//
// This is no test double. A test that needs a registry opens a SQLite file in its own
// directory, as docs/library.md shows.
package registrytest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Store is one store of a backend. It is empty at first.
type Store struct {
	// Open opens one more handle on the store, as another process would. Open has it
	// closed by t.Cleanup; a test may have closed it before.
	Open func(t *testing.T) registry.Backend

	// Look opens one more handle with [registry.Look], after Open was called. It is nil
	// if the backend has no such handle.
	Look func(t *testing.T) registry.Backend

	// Spoil sets one field of a record directly in the store, or removes it if value is
	// nil. Any other value is an int64, a float64, a string, a []byte or a
	// time.Time, and has to be stored as it is.
	//
	// The fields of an instance are group, host, pid, version, startedAt, beat,
	// heartbeat, role, term, candidate, interval, orphanAfter, priority, command and
	// schema. Those of a term are number, holder, host, orphanAfter, startedAt, endedAt,
	// reason, exitCode, silence, handover (both of its parts) and schema. The number is
	// part of a term's key, so the term has to be stored again under the other number.
	Spoil func(t *testing.T, r Record, field string, value any)
}

// Record names a stored record: an instance by its ID, or else a term.
type Record struct {
	ID    uuid.UUID
	Group string
	Term  int64
}

// Run tests the whole contract. It calls open several times, each time for a new store.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) Store)
	}{
		{"Instances", instances},
		{"Candidates", candidates},
		{"Terms", terms},
		{"Groups", groups},
		{"Contention", contention},
		{"Watch", watch},
		{"Contexts", contexts},
		{"Look", look},
		{"Close", closing},
		{"Garbage", garbage},
		{"GarbageTerms", garbageTerms},
		{"Lenient", lenient},
		{"Ends", ends},
		{"Hidden", hidden},
		{"Long", long},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open) })
	}
}
