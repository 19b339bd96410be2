// Package storetest is the contract of package store as tests. The test of a backend passes
// a function that makes a registry with jobs:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Store { … })
//	}
//
// The tests open several handles on one store, as several processes would, and change
// stored records directly in the store. A test that fails says what the contract demands.
// A backend need not know the group's latest term: where it may, the tests accept
// ErrSuperseded, and otherwise they demand that a late write changes nothing.
package storetest

import (
	"testing"

	"github.com/understudy-go/understudy/jobs/store"
)

// Backend is what the tests open.
type Backend = store.Backend

// Store is one store of a backend. It is empty at first.
type Store struct {
	// Open opens one more handle on the store, as another process would. Open has it
	// closed by t.Cleanup; a test may have closed it before.
	Open func(t *testing.T) Backend

	// Look opens one more handle with [registry.Look], after Open was called. It is nil if
	// the backend has no such handle.
	Look func(t *testing.T) Backend

	// Spoil sets one field of a record directly in the store, or removes it if value is
	// nil. Any other value is an int64, a float64, a string, a []byte or a time.Time,
	// and has to be stored as it is.
	//
	// The fields of a run are trigger, slot, at, due, priority, by, payload, parent, state,
	// open, term, instance, attempt, nonce, attempts, failures, interruptions, progress (its
	// text), result, head, tail, remark, endedAt, cancel (all of it) and schema. Those of a
	// job are mark, hash, since, digest, term, revision, schedule, zone, description, next,
	// gone, paused (all of it), resumed and schema. That of a payload or a checkpoint is
	// data, and those of a chunk are offset and data.
	Spoil func(t *testing.T, r Record, field string, value any)
}

// Record names a stored record: a job if Run is empty, a run if Blob is empty, and otherwise
// a blob of a run.
type Record struct {
	store.Key
	Blob string // payload, checkpoint, or chunk for the one chunk that the run has
}

// Run tests the whole contract. It calls open several times, each time for a new store.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) Store)
	}{
		{"Claim", claim},
		{"Update", update},
		{"Takeover", takeover},
		{"Jobs", jobs},
		{"SaveJobs", saveJobs},
		{"Submit", submission},
		{"Due", due},
		{"Retrying", retrying},
		{"People", people},
		{"Blobs", blobs},
		{"Chunks", chunks},
		{"History", history},
		{"Prune", prune},
		{"Watch", watch},
		{"Contexts", contexts},
		{"Look", look},
		{"Close", closing},
		{"Garbage", garbage},
		{"GarbageTexts", garbageTexts},
		{"GarbageJobs", garbageJobs},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open) })
	}
}
