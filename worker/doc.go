// Package worker runs a command while this instance is active, and makes sure that
// all of it is gone before a peer may start its own.
//
// Importing the package is enough. The guard is this program's own binary, started
// again, and is recognised before main begins, and so is the init of a PID namespace. The
// init functions of a host program may run in both, too, up to that of this package, without
// its arguments and with an almost empty environment.
//
// # From Run to the last SIGKILL
//
// [Command.Run] runs a [Command] in a term until its context ends. For each start it
// takes a guard: a second, small process of the same binary. The guard starts the
// command, under the lease that [Command.Extend] passes on with each acknowledged
// beat. When the command exits, Run starts it again with exponential backoff,
// unless the exit is final.
//
// The command gets SIGTERM when the context ends, or G before the lease does, and
// whatever is left gets SIGKILL after the grace G. The guard does all of this, so it
// happens in time even if this process is frozen or dead. Run returns when nothing of
// the command is left.
//
// A [Task] runs once, in no term, under a guard of its own. After a limit, the guard
// kills it and what it leaves behind.
//
// An [Executor] runs commands that end, such as jobs: each once, several at a time,
// under the lease that [Executor.Extend] passes on. A run that takes longer than its
// timeout gets SIGTERM, and whatever is left after its grace gets SIGKILL. The guard does
// that, too. What a run writes comes back through pipes. On Linux a guard serves one run
// after another. An [Excerpt] keeps the beginning and the end of an output, and [Lines]
// passes it on line by line.
//
// # What a command gets, and has to do
//
// The command gets a process group of its own, an empty standard input, this
// process's standard output and error, and its environment with UNDERSTUDY_INSTANCE,
// UNDERSTUDY_GROUP, UNDERSTUDY_TERM and UNDERSTUDY_RUN. The term is the fencing
// token: the command should pass it on to whatever it writes to, and that should
// refuse a lower one. UNDERSTUDY_RUN is random, and a new one for each start. By it,
// processes are found that outlive a guard that was killed, so nothing should change
// it.
//
// The command has to stay in the foreground, and to wait for what it starts. What is
// left a second after it exited is killed, and the exit counts as a failure, since
// what was killed may have been the work: exit code 0 becomes [CodeLeftBehind]. A
// process that leaves the command's group (by setsid, setpgid or a shell's set -m)
// never gets SIGTERM. It gets SIGKILL when the group is gone or the grace is over.
//
// # When this process is killed
//
// On Linux the guard outlives this process, and kills what is left of the command. If main
// began with [LastWill], it then ends the term and deletes the registration, so that peers
// take over within milliseconds. On macOS and Windows, and without that call, they wait
// for the orphan age.
//
// # What each system guarantees
//
// D is the lease's end, G the stop grace, and K the margin before D at which whatever
// is left gets SIGKILL. An escapee is a process whose parent has exited, like a daemon
// that forked twice: the command is not its ancestor any more.
//
//	                              Linux                macOS                 Windows
//	stop                          SIGTERM to the       SIGTERM to the        CTRL_BREAK to the
//	                              group alone          group alone           group
//	gone means                    no descendant left   nobody left that was  no process left
//	                              (ECHILD)             seen to descend       in the job
//	escapees                      killed               missed, if quick      killed
//	this process is killed        tree dies at once    the same, but for     the kernel ends
//	                                                   escapees              the job
//	this process is frozen        tree dies at D − K   the same, but for     runs on
//	                                                   escapees
//	guard frozen too              the kernel ends the  runs on               (no guard process)
//	                              groups at D
//	guard killed too              the kernel ends the  runs on               (no guard process)
//	                              groups at once
//	the same with                 the kernel ends all  (there is none)       (there is none)
//	config.IsolationPID           of it
//	guard killed alone            as above; this       this process kills    (no guard process)
//	                              process kills the    its session
//	                              rest
//	LastWill is carried  yes                  no                    no
//	out
//	memory runs out               the command is       may be spared         may be spared
//	                              killed first
//	clock counts a suspend        yes                  yes                   yes
//	descriptors from 3 on         closed               what this process     closed
//	                                                   was started with
//	signal handling               default, none        the same, but for     CTRL_C ignored
//	                              blocked              what this process
//	                                                   was started with
//
// What runs on may overlap with a peer's work: only the fencing token helps then.
// macOS and Windows are built and vetted, but not measured.
//
// On Linux, a process that the guard may not kill (setuid, held by a tracer, in
// uninterruptible sleep) keeps Run from returning, and is named in the log. The guard
// needs /proc of its own PID namespace, with CONFIG_PROC_CHILDREN.
//
// When this process and the guard are both frozen or killed, only the kernel ends
// the process groups that the guard has tied. The guard looks for new ones each
// second, and more often at first. The kernel does not reach a group that is younger
// than that, a program that changed its user (unless the guard is root), or the
// first process of a PID namespace that the command made. A process that enters
// another PID namespace (nsenter) and forks twice there belongs to that namespace's
// init from then on: only a control group ends it ([config.IsolationCgroup]).
//
// With [config.IsolationPID] the kernel reaches all of them. The command is in a PID
// namespace, whose init dies with the guard. docs/guarantees.md says what each isolation
// is good for, and docs/operations.md what a command sees differently inside. If it cannot
// be had, nothing starts, and the error is an [ErrIsolation].
//
// When memory runs out, the kernel should kill the command rather than this process.
// So the command's oom_score_adj is higher than this process's, by what 40 MB are of
// the machine's memory, or of the control group's limit, in thousandths.
package worker
