// Package sqlite keeps a registry in a SQLite file, for instances that share one
// machine. It needs no server and no C compiler.
//
// Every write is one transaction that takes the write lock at its begin, so the
// writers of all processes come one after another; reads wait for nobody (WAL).
// Who finds the lock taken tries again until its context ends. Terms are synced
// to the disk before BeginTerm, EndTerm and RequestHandover return, since a
// fencing token must survive a power cut. Heartbeats are not: whoever would have
// read them is gone with the power too.
//
// Calls run on goroutines of their own. One whose context ends is left behind,
// and its transaction is still either committed or rolled back; a disk that
// hangs holds up no caller. But one that hangs inside a write, its sync
// included, for a quarter of OrphanAfter gets the process killed (SIGKILL, exit
// code 137) by the timer below, which cannot tell it from a frozen process.
//
// Five things could make two instances active, or none, and are seen to:
//
//   - The file, its log (PATH-wal) or the log's index (PATH-shm) is removed or
//     replaced while it is open, or a symbolic link in the path as it was given is
//     turned elsewhere. What was committed may be in the log alone, and
//     a newcomer sees an empty or an old file. The identity of all three is
//     compared before every call, by name and never by opening them, which would
//     drop the locks that this process holds. The registry then opens the path
//     anew, without saving the old log, and all that were registered before are
//     told [registry.ErrNotRegistered] by their next beat. Until that beat a
//     newcomer and the old holder may both be active. Terms that were only in
//     the removed log are lost as those of a dropped database are: their numbers
//     are given again, so the fence is void. Where nobody can tell whether a file
//     is still there, as in a directory that may not be searched for a while, the
//     call fails, and nothing counts as replaced.
//   - The index is truncated. It is mapped, so whoever touches what is not there
//     any more dies of SIGBUS. Its size is compared before every call as well, and
//     the file is opened anew; no registration is lost by it. If it happens in the
//     middle of a call, the process panics with a sentence that says so: nothing of
//     SQLite's state can be trusted then, and only the kernel frees its locks.
//   - A trigger or a unique index of somebody else keeps a change from being made.
//     Each change is read back in its transaction, and one that is not there is
//     [registry.ErrRefused].
//   - A process is frozen inside its write transaction, which locks everyone
//     out. While one lasts, the kernel holds a timer of a quarter of OrphanAfter
//     on this process and kills it (Linux; not as process 1 of a container).
//   - The file lies on a network file system, whose locks and shared memory do
//     not reach from one machine to the other; or it is mounted by itself or has
//     hard links, so that each of its names has a log of its own (looked for on
//     Linux). [Open] refuses it.
//
// The clock is that of the machine, in microseconds. A change of terms is
// announced by a write to a small file beside the database, PATH-terms, which is
// all that a watch looks at: heartbeats wake nobody. All watches of a registry are
// one to the system, so one registry does for any number of groups. The same file
// is what processes lock while they open or create the database.
//
// Open a file once in a process: after its log or index was removed, a registry
// opens it anew only when all others of the process that have it open were
// called, too.
//
// A file of an older version gets the columns that it lacks when an instance
// opens it. The older version goes on with it, beside this one.
//
// To restore a backup, stop every instance first: SQLite mixes a file put in
// place under it with the log of the one before. Either way the registry has
// forgotten terms, and the fence is void.
package sqlite
