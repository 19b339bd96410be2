// Package mongobell tells instances at once that something changed in a MongoDB database:
// a term of a group, the instance that comes next after it, or the jobs of a group. Whoever
// has changed something rings, and whoever waits hears it. A ring is a hint. Correctness
// never rests on one: who does not hear it reads the change a little later.
//
// # The contract
//
// A ring is a small document {group, of, term, for} in a capped collection, chosen by a hash
// of the group: one of bell0 to bell15 if it is about a term or about who comes next, and one
// of bell16 to bell19 if it is about jobs, so that a flood of triggers delays no takeover. It
// is inserted after the change was acknowledged by a majority, and read by tailable cursors
// that wait for data. A cursor has a filter on the groups of its process. So a change costs
// one small insert, and wakes the few who wait for that group. (A change stream reads the
// whole oplog, with each beat of everybody, so its cost grows with the square of the fleet.)
// It works on a single server too, and needs no right beyond the role readWrite.
//
// [Bell.Terms] and [Bell.Jobs] return a channel. It receives after each ring of a group,
// and once at the beginning. A closed channel means that nobody rings here any more: the
// caller reads at intervals, and asks again later. [registry.ErrNoWatch] means that asking
// again is of no use.
//
// # Who pays what
//
// All groups of a registry share the cursors, one for each collection that has a waiting
// group, so there are twenty at most. A waiting cursor holds a connection of the pool, so
// with a small pool there are fewer, and the groups that are left over get ErrNoWatch.
//
// [Bell.Ring] only notes the ring and returns: it neither delays nor fails the write that
// it is about. A goroutine inserts what was noted, with write concern 1, within two seconds
// or not at all. Rings of the same group that wait to be sent become one. It is one message
// if this process listens in that collection, or has done so lately; otherwise a cursor is
// opened first, to see that the collection is there and has a bound.
//
// # What can go wrong
//
//   - A ring is lost: the process ends before it was sent, the insert fails twice, which is
//     said once, or a new primary does not have it. A ring is late or comes twice. A ring is false: there is no
//     change, or it names the wrong instance. A ring comes before its change can be read:
//     it should not, but a reader may be behind. None of them does harm, because whoever
//     waits also reads at intervals, and does nothing without having read.
//   - The collection is missing or empty. The server ends a tailable cursor on an empty
//     collection at once. So it is made with a first document in it, and whoever finds it
//     empty puts one in.
//   - The cursor loses its place, because more rings came than the collection holds; or the
//     collection was dropped. The cursor is opened again, and all who wait get a notice.
//   - The collection was dropped, and an insert made it again, without a bound. Whoever
//     opens a cursor finds that out, and makes it a capped one, if nobody else has put
//     anything into it. If somebody has, it is left alone and there is no bell.
//   - The server knows no tailable cursors, or the user may not make the collections:
//     ErrNoWatch.
//   - Another server becomes the primary: the cursors are opened anew there, within a second,
//     not all at the same instant. The old primary may go on answering, without a ring.
//   - The connection dies: the channels are closed, and opening is tried again after a pause
//     that grows with each failure, and that is another one in each process.
//   - An instance of an earlier version does not ring. Its changes are read at intervals.
package mongobell
