// Package guard is the small process between an active instance and its
// command: the process that makes the command really stop.
//
// [Start] runs this program's own binary once more. This package's init
// recognises that it is the guard and never returns, so a program needs to do
// nothing but import it, and hardly any of its other packages are initialised
// there. The two processes share a socket; nothing about the command is in the
// guard's arguments or environment, where pkill -f would find it.
//
//	Understudy ── socket: order, lease, stop, kill ──▶ guard ── fork ──▶ command ──▶ …
//	     ▲ ◀───── started, killing, exited ───────────   │   parent-death signal
//	     └────────────────── pipe ───────────────────────┴── ties ─▶ process groups
//
// What ends a command, the fastest first:
//
//   - Told to stop, or G before the lease's end: SIGTERM to the command's group.
//   - The grace is over, K before the lease's end, or the socket closed because
//     Understudy died: SIGKILL to the whole tree, round after round, until the
//     kernel says that no child is left (ECHILD). Nothing else counts as gone.
//   - Understudy was killed while the guard is frozen: the ties. The kernel
//     itself kills a process group when the other end of a pipe closes. The
//     command's group is tied at once, and those that its descendants make when
//     the guard finds them, by looking through the tree each second.
//   - Both are frozen: a kernel timer kills the guard at the lease's end, and
//     with it, by parent-death signal and ties, the command and the groups.
//   - The guard was killed: the same two; Understudy sweeps up the rest. As a
//     subreaper it goes by its own children, which /proc may hide from it.
//
// When memory runs out, the kernel takes the largest: the command is made a
// better victim than this process and Understudy.
//
// The lease is an absolute instant of internal/boottime's clock. One that is
// past, or earlier than the one before, is ignored: messages queue while a
// process is frozen, and must not extend anything when it thaws.
//
// The process has one thread that matters, its main one: it alone forks, for
// the parent-death signal is bound to the thread that forked, and it alone
// reaps and kills, so that no process's number can be reused under its hands.
//
// macOS has a guard without the kernel's help; on Windows a job object does its
// work inside this process. Package worker documents what each guarantees.
package guard
