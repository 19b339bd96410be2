// Package store holds the records of jobs and of their runs: their words, their rules,
// and the contract that every backend keeps.
//
// # Records
//
// A [Job] is what a group remembers of a job: up to which slot everything has been
// decided (the mark), and whether people paused it. What a job runs is not here. It comes
// from a file that each instance has, because whoever may write to the database must not
// be able to run commands. A [Run] is one execution that was asked for: by a slot of the
// schedule, by a trigger, or by the end of another run. It has one outcome. An [Attempt]
// is one start of a run's command.
//
// # Exclusion
//
// A slot is claimed as a term is: by the insert of a record whose key can exist only
// once. Whoever comes second gets the record that is there. Only the active instance
// claims and changes runs, and each of its writes names the term under which it was
// read: a write of an earlier term that arrives late changes nothing. People only ask: a
// trigger is a waiting run, and a cancellation is a request in a run's record.
//
// # Takeover
//
// The next active instance calls Seal. From then on every late write of an earlier term
// to a job or to a waiting run misses. A processing run of an earlier term is one whose
// instance went away ([Store.Open] returns it), and the new holder decides what becomes
// of it. The insert of an earlier term may still arrive later. A run is found the same
// way, so the holder asks for open runs again from time to time, and a job is written
// over by the holder's next SaveJobs.
//
// # Time
//
// The holder reckons by the registry's clock, and passes the instants that it writes.
// What other people write carries the registry's own time.
//
// # Backends
//
// A registry of SQLite has its jobs in the same file (package sqlitestore), and one of
// MongoDB in the same database (package mongostore). The tests of package storetest are
// the contract in a form that can be run.
package store
