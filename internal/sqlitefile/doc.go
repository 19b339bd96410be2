// Package sqlitefile opens a SQLite file that several processes of one machine use
// at the same time, and keeps it right while others freeze, crash, or remove and
// replace its files. It knows nothing of what is stored: the [Schema] is handed in.
// It needs no server and no C compiler.
//
// # How it is used
//
// [Open] returns a [File]. [Read] and [Commit] run a function in a transaction, with
// a [Conn] for its statements. [File.Watch] tells when a state in the file changed.
// Every call goes to the file that is at the path now, and returns when its context
// ends, even if the disk hangs. A call that its caller has left is still either
// committed or rolled back.
//
// Writers of all processes come one after another: a write transaction takes the
// write lock when it begins. Readers wait for nobody, because the file has a
// write-ahead log (WAL). A call that finds the lock taken tries again until its
// context ends, and its error then names the process that has the lock.
//
// A [Durable] or [Quiet] commit is synced to the disk before it returns. A [Relaxed] one
// survives the end of every process, and is lost in a power cut if no durable commit
// followed.
//
// # What can go wrong with a shared file
//
//   - The file, its WAL (PATH-wal) or the WAL index (PATH-shm) is removed or
//     replaced while it is open, or a symbolic link in the path is turned to another
//     directory. What was committed may be in the old WAL alone, and a process that
//     opens the path now sees an empty or an old file. So the identity of all three
//     is compared before every call. It is compared by name: to open and close one of
//     them would drop the locks of this process. If one was replaced, the path is
//     opened again, without a checkpoint of the old WAL, and [Conn.Generation] grows. What was
//     only in the old WAL is lost. If nobody can find out whether a file is still
//     there, because its directory cannot be searched for a while, the call fails and
//     nothing counts as replaced.
//   - The WAL index is truncated. It is mapped into memory, so a process that touches a
//     part that is not there any more dies of SIGBUS. Its size is compared before every
//     call as well, and the file is opened again. Nothing is lost, and the generation
//     stays. If it happens in the middle of a call, the process panics with a sentence
//     that says so: then nothing of SQLite's state can be trusted, and only the kernel
//     frees its locks.
//   - A process is frozen inside its write transaction, and so locks all others out.
//     During a write transaction, and while the file is opened, a timer of the kernel
//     kills the process after [Options.KillAfter] (SIGKILL, exit code 137). The timer
//     exists on Linux, and not for process 1 of a container. It cannot tell a frozen
//     process from one whose disk hangs: that one is killed as well.
//   - The file is on a network file system, whose locks and shared memory do not reach
//     from one machine to another. Or it is mounted by itself, or has hard links, so
//     that each of its names has a WAL of its own (Linux only). Open refuses it.
//   - Two processes create the file at the same time, or one opens it while another
//     closes it as the last one. A lock on the file for notices keeps that from
//     happening.
//
// # What its users must know
//
// A durable commit is announced by a write to a small file beside the database
// ([File.NoticePath]), and that is the only file that is watched: relaxed and quiet
// commits wake nobody. All watches of a File are one watch for the system. A commit may
// announce topics ([Conn.Announce]): then only the states of the watches of these topics are
// read, so that one of many groups in a process costs no more than one alone.
//
// Open a file once in a process. After its WAL or WAL index was removed, a File opens
// the path again only when all other Files of the process that have it open were
// called, too: within a process, SQLite uses one WAL index for all of them.
//
// To restore a backup, stop every process first. SQLite mixes a file that is put in
// place under it with the WAL of the previous file.
//
// # Where to find what
//
//   - file.go: File, its options, how it is closed. open.go: how the database at the
//     path is opened and created; readonly.go: the same to read only.
//   - path.go, network.go, names_linux.go: which paths are refused.
//   - database.go: whether the open files are still those at the path; siblings.go: the
//     databases that this process has open.
//   - call.go: how a call gets its turn and is left behind; backoff.go: how it waits for
//     a lock; transaction.go: Read and Commit; conn.go: one connection.
//   - lock_unix.go: the lock for opening; lockowner_linux.go: which process has a lock.
//   - watch.go, notices.go, slots.go: how changes are announced and noticed.
//   - errors.go: the kinds of errors; explain.go: what people are told.
//   - schema.go: what a program keeps in the file; trial.go: what a check tries.
package sqlitefile
