// Package sqlite keeps a registry in a SQLite file, for instances that share one
// machine. It needs no server and no C compiler.
//
// Everything about the file is in internal/sqlitefile: how several processes open,
// lock, watch and leave it, and what happens when it is removed, replaced, truncated
// or damaged. This package says what is stored in it, and keeps the contract.
//
// # What it promises beyond the contract
//
// Terms are synced to the disk before BeginTerm, EndTerm and RequestHandover return,
// since a fencing token must survive a power cut. Heartbeats are not: a power cut ends
// their readers as well. Only changes of terms are announced, and what people ask of jobs,
// so heartbeats wake nobody. One registry serves any number of groups.
//
// A process that hangs inside a write for a quarter of OrphanAfter is killed (SIGKILL,
// exit code 137), because it locks all others out: it may be frozen, or its disk may
// hang.
//
// If the file is removed or replaced, all instances that registered before get
// [registry.ErrNotRegistered] from their next beat. Until that beat, a newcomer and the
// old holder may both be active. Terms that were only in the removed WAL are lost like
// those of a database that was dropped: their numbers are given again, so fencing tokens
// no longer protect anything. A truncated WAL index (-shm) costs no registration.
//
// A trigger or a unique database index of another program may keep a change from being
// made, and SQLite may report it as made. So each change is read back in its transaction,
// and a change that is not there is [registry.ErrRefused].
//
// The clock is that of the machine, in microseconds. A file of an older version gets
// the columns that it lacks when an instance opens it. The older version goes on with
// the file, beside this one.
//
// To restore a backup, stop every instance first. The registry has forgotten terms
// then, and fencing tokens no longer protect anything.
//
// # A third backend
//
// This package is the one to copy for another backend. Start with conformance_test.go,
// which runs the suite of registry/registrytest: a backend that passes it keeps the
// contract. Then copy registry.go: Open, Close, and the line that asserts
// [registry.Backend]. The methods are in these files, the most important ones first:
//
//   - instances.go: registrations and heartbeats. DeleteOrphan compares the beat in the
//     same statement that deletes the record.
//   - terms.go: BeginTerm is the one method that decides who is active. It needs a
//     unique key over group and number, and nothing else.
//   - candidates.go: the hints that instances ask for.
//   - admin.go: what people ask for. watch.go: how changes are announced; a backend
//     without watches returns [registry.ErrNoWatch], and everything works by polling.
//   - decode.go: what a stored record may be. Other programs can write anything into it.
//   - errors.go: the errors of the store, translated into those of the contract.
//   - registry.go: Jobs has the jobs and runs of the groups in the same file. It is a
//     contract of its own, see jobs/store.
//   - check.go, check_path.go, check_trial.go: what the command check finds.
//
// The rest is about SQL: schema.go, columns.go, rows.go, conn.go and refused.go.
package sqlite
