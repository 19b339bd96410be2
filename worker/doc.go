// Package worker runs a command while this instance is active, and sees to it
// that it has stopped before a peer may start its own.
//
// A [Command] is started in a term and restarted with exponential backoff until
// the context of [Command.Run] ends. It runs under a guard: a second, small
// process of the same binary that knows the end of the lease (told by
// [Command.Extend] with each acknowledged beat) and stops the command before
// it, whatever has become of this process. Importing this package is all that
// it takes: the guard is recognised before main begins. A host program's own
// package initialisation may run in the guard too, up to that of this package,
// with one argument and an almost empty environment; it should not mind.
//
// The command gets a process group of its own, an empty standard input, our
// standard output and error, and its environment plus UNDERSTUDY_INSTANCE,
// UNDERSTUDY_GROUP, UNDERSTUDY_TERM and UNDERSTUDY_RUN. The term is the fencing
// token: pass it on to whatever the command writes to, and let that refuse a
// lower one. UNDERSTUDY_RUN is random, and another one at each start: by it
// are found those that outlive a guard that was killed, so leave it alone.
//
// The command has to stay in the foreground, and to wait for what it starts. What
// is still there a second after it exited is killed, and the exit counts as a
// failure, for that may have been the work: exit code 0 becomes [CodeLeftBehind].
//
// A [Task] runs once, in no term, under a guard of its own that kills it, and
// what it leaves behind, after a limit.
//
// # What each platform guarantees
//
// D is the lease's end, G the stop grace, K the margin before D at which
// whatever is left gets SIGKILL.
//
//	                              Linux                macOS                 Windows
//	stop                          SIGTERM to the       SIGTERM to the        CTRL_BREAK to the
//	                              group alone          group alone           group
//	gone means                    no descendant left   nobody left that was  no process left
//	                              (ECHILD)             seen to descend       in the job
//	double-fork escapees          killed               missed, if quick      killed
//	this process is killed        tree dies at once    the same, but for     the kernel ends
//	                                                   escapees              the job
//	this process is frozen        tree dies at D − K   the same, but for     runs on
//	                                                   escapees
//	guard frozen too              the kernel ends the  runs on               (no guard process)
//	                              groups at D
//	guard killed too              the kernel ends the  runs on               (no guard process)
//	                              groups at once
//	guard killed alone            as above; the rest   its session is        (no guard process)
//	                              is swept up          swept up
//	memory runs out               the command goes     may be spared         may be spared
//	                              first
//	clock counts a suspend        yes                  yes                   yes
//	descriptors from 3 on         closed               what this process     closed
//	                                                   was started with
//	signal handling               default, none        the same, but for     CTRL_C ignored
//	                              blocked              what this process
//	                                                   was started with
//
// What runs on may overlap with a peer's: the fencing token is the answer.
// macOS and Windows are built and vetted, but not measured.
//
// The command has to stay in the foreground: once it exits, what it leaves behind
// is killed. Whoever leaves its process group (setsid, setpgid, a shell's set -m)
// never gets SIGTERM, but SIGKILL when the group is gone or the grace is over.
//
// On Linux, a process that we may not kill (setuid, held by a tracer, in
// uninterruptible sleep) keeps Run from returning, and is named in the log. The
// guard needs /proc of its own PID namespace, with CONFIG_PROC_CHILDREN.
//
// The kernel alone, with this process and the guard both frozen or killed, ends the
// process groups that the guard has tied. It looks for new ones each second, and
// more often at first. It does not reach a group that is younger than that, a
// program that changed its user, unless the guard is root, nor the first process
// of a PID namespace that the command made. A process that enters another PID
// namespace (nsenter) and forks twice there belongs to that namespace's init from
// then on: neither we nor the kernel end it, but a control group would.
//
// When memory runs out, the kernel is to choose the command: its oom_score_adj is
// higher than this process's by what 40 MB are of the machine's memory, or of the
// control group's limit, in thousandths.
package worker
