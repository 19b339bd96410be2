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
// Three things could make two instances active, or none, and are seen to:
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
//     are given again, so the fence is void.
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
// all that a watch looks at: heartbeats wake nobody. The same file is what
// processes lock while they open or create the database.
//
// Open a file once in a process: after its log or index was removed, a registry
// opens it anew only when all others of the process that have it open were
// called, too.
//
// To restore a backup, stop every instance first: SQLite mixes a file put in
// place under it with the log of the one before. Either way the registry has
// forgotten terms, and the fence is void.
package sqlite
