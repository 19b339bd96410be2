// Package attempt runs one attempt of a job's command, from its claimed record to its end.
//
// [Runner.Run] makes a private folder, writes the payload and the last checkpoint into it,
// has a [worker.Executor] run the command, and says how that ended. While the command runs:
//
//   - what it writes goes on to this process's standard output and error line by line, to
//     an excerpt for the record, and in chunks to the [Store] for whoever follows it;
//   - its progress and its checkpoint are stored within a second after they changed.
//
// The command never waits for the store. If that is slow or away, two chunks of the output
// wait, the rest is left out of the live view, and the latest progress and checkpoint are
// stored later.
//
// The files of the folder are written by a program that nobody here trusts. They are opened
// below the folder only, and read only if they are regular files, and never beyond their
// limits.
//
// A folder belongs to the process that holds a lock on it. The kernel gives the lock up when
// that process ends, however it does. So [New] recognises the folders of processes that
// crashed, and removes them. On Windows it does not.
package attempt
