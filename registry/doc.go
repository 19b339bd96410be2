// Package registry holds the shared record of who is there and who leads: its
// words, its rules, and the contract that every backend fulfils.
//
// A [Registry] stores two kinds of records and nothing else. An [Instance] is
// one registration of one process: a UUID of version 7 that is never used
// again, not even by the same process, and a beat that its owner counts up. A
// [Term] is one instance's time as the active one of its group. Terms are
// numbered from 1, strictly increasing, and never deleted; the number is the
// fencing token that the work passes on to whatever it touches.
//
// Exclusion rests on one primitive alone: the unique number of a term within
// its group. To become active is to insert term N+1, and whoever comes second
// is told [ErrTermTaken]. No update is ever asked to decide a race. The role in
// an instance's record is for people to read; the latest term is the truth.
//
// The registry owns the clock. Heartbeats carry its time and no method takes
// "now", so the clocks of two machines are never compared. Instants that a
// caller passes in (Candidate, Silent) are derived from an instant that the
// registry itself returned.
//
// A registry that was dropped, or restored from a backup, has forgotten terms:
// their numbers are given out again, and the fence they made is void.
package registry
