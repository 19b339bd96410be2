// Package registry holds the shared record of which instances a group has and which
// one is active: its words, its rules, and the contract that every backend keeps.
//
// # Records
//
// A [Registry] stores two kinds of records and nothing else. An [Instance] is one
// registration of one process. It has a UUID of version 7, which is never used again,
// not even by the same process, and a beat, which its owner counts up. A [Term] is the
// time of one instance as the active one of its group. Terms are numbered from 1,
// strictly increasing, and never deleted. The number is the fencing token, which the
// work passes on to whatever it changes.
//
// # Exclusion
//
// Exclusion rests on one thing alone: the number of a term is unique within its group.
// To become active is to insert term N+1. Whoever comes second gets [ErrTermTaken]. No
// update ever decides a race. The role in an instance's record is for people to read;
// the latest term is the truth.
//
// # Time
//
// The registry owns the clock. Heartbeats carry its time, and no method takes the
// caller's time, so the clocks of two machines are never compared. The instants that a
// caller passes to Candidate and Silent are derived from an instant that the registry
// itself returned. [Timing] has the durations that an instance promises to its peers.
//
// # Loss
//
// A registry that was dropped, or restored from a backup, has forgotten terms. It gives
// out their numbers again, and fencing tokens no longer protect anything.
//
// # Backends
//
// A [Backend] is the contract ([Registry]) and what people need besides ([Admin]). There
// are two, registry/mongodb and registry/sqlite, with the same files: instances.go,
// candidates.go, terms.go and watch.go have the contract, and admin.go has what people
// need. To write a third one, copy registry/sqlite, whose doc.go names the files in their
// order.
//
// The tests of registry/registrytest are the contract in a form that can be run: a backend
// that passes them can carry an election. The conformance_test.go of each backend runs
// them. A backend that checks itself, for understudy check, reports what it found in the
// words of registry/finding.
package registry
