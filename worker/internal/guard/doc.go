// Package guard runs a command under a guard: a small process between Understudy
// and the command, which ends the command when the lease ends or Understudy dies.
//
//	Understudy ── socket: order, lease, stop, kill ──▶ guard ── fork ──▶ command ──▶ …
//	     ▲ ◀───── started, killing, exited ───────────   │   parent-death signal
//	     └────────────────── pipe ───────────────────────┴── ties ─▶ process groups
//
// # From Start to the last SIGKILL
//
// [Start] executes this program's own binary once more. The init of this package
// recognises that it runs in the guard and never returns, so a program only has to
// import the package, and hardly any of its other packages are initialised in the
// guard. The guard has no argument and almost no environment: the command is not
// visible there, and pkill -f does not find it. It prepares everything that can
// fail, and reports that it is ready.
//
// [Guard.Run] sends the order over a socket. The guard refuses it if less than the
// stop grace is left of the lease. Otherwise it arms a timer of the kernel, which
// kills the guard itself at the lease's end. Then it forks the command, in a
// process group of its own, with a parent-death signal, and with a higher
// oom_score_adj: when memory runs out, the kernel kills the command rather than
// Understudy or the guard. A tie makes the kernel kill that group when the guard or
// Understudy dies.
//
// While the command runs, the guard reaps the orphans that it adopts as a
// subreaper. It scans the tree of descendants, each second and more often at first,
// and ties the process groups that they make. [Guard.Extend] passes on each new
// lease, for which the guard sets the timer again. A lease is an absolute instant of
// internal/boottime's clock. The guard ignores one that is past, or earlier than
// the previous one: messages queue while a process is frozen, and must extend nothing
// when it continues.
//
// The command is asked to end by SIGTERM to its group: when [Guard.Stop] is called,
// or G (the grace) before the lease's end. What is left gets SIGKILL when the grace
// is over, K (the margin) before the lease's end, when [Guard.Kill] is called, or
// when the socket closes because Understudy died. The guard sends SIGKILL to all of
// its children and reaps the dead, round after round, until the kernel says that no
// child is left (ECHILD). Nothing else counts as gone. Then it reports the exit, and
// exits itself.
//
// # When the guard or Understudy does not run
//
//   - Understudy is frozen: the guard acts at D − G and D − K, as above.
//   - Understudy was killed: the socket closes, and the guard kills everything.
//   - Understudy was killed and the guard is frozen: the ties end the process groups.
//   - Both are frozen: the timer kills the guard at the lease's end, and with it the
//     command, by the parent-death signal, and the groups, by their ties.
//   - The guard was killed: the same two end the command and the groups. Understudy
//     kills the rest: what descends from the guard, is in its session, or has the mark
//     of this run in its environment. As a subreaper it also kills those of its own
//     children that may have descended from the guard, which /proc may hide from it.
//
// # One thread
//
// Only the guard's main thread forks, kills and reaps. The parent-death signal is
// bound to the thread that forked. And while nobody else reaps, no other process
// can get the PID of one that is about to be killed.
//
// macOS has a guard without the kernel's help. On Windows a job object inside this
// process takes the guard's place. Package worker documents what each system
// guarantees.
package guard
