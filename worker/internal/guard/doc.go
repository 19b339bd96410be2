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
// exits itself. An order may have a limit, an instant at which the command is asked to
// end as well.
//
// # One run after another
//
// On Linux an order may ask the guard to stay for another one, since a fresh guard
// costs several times as much as a fork. A guard stays only if nothing happened but the
// exit of the command itself: if a signal came, a process was killed, a group was tied or
// the lease ended, the guard ends with its run as any other does. So there is little to
// be undone between two runs, and each guarantee holds for the second run as it does for
// the first:
//
//   - Nothing is tied, and no timer is armed, while the guard is idle. The tie of the
//     command was loosened before the command was reaped. Besides, the kernel remembers
//     the very group that was tied, and not its number, which others may get.
//     (TestGuard_OutlivesTheLeaseOfTheRunBefore)
//   - The next command is tied, and the timer armed, as the first one was.
//     (TestExecutorHost_TwoFailuresLeaveNoGroupOfTheNextRun,
//     TestExecutorHost_EverythingFrozenIsKilledByTheKernelAtTheLeasesEnd)
//   - Messages name their run, and what is late concerns no other one. Understudy kills a
//     guard that reports something about another run.
//     (TestGuard_LateMessagesDoNotHitTheNextRun, TestGuard_ReportAboutAnotherRunDoesNotConcernThisOne)
//   - The lease is that of the order, not a later one that was known before.
//     (TestGuard_NextRunHasTheLeaseOfItsOwnOrder)
//   - A guard that has a child left does not begin. Neither does one that lost a file on
//     its way. It ends. (TestServer_StartsNothingWhileAChildIsLeft,
//     TestExecutor_GuardThatLostAFileStartsNothing)
//   - A guard that was killed or frozen while it was idle is replaced before the order is
//     sent. After that nobody knows whether the command was started, and no other guard
//     starts it. (TestExecutor_GuardThatFailedWhileIdleIsReplaced,
//     TestExecutor_RunIsNotStartedAgainUnderAnotherGuard)
//   - An idle guard ends with Understudy, when its socket closes.
//     (TestExecutorHost_KilledUnderstudyEndsIdleGuards) One that is frozen then ends when
//     it continues; it has nothing to lose.
//   - The guard goes back to the directory that it was started in, and its own
//     environment, limits and signals are never changed for a command. The output goes to
//     pipes that come with the order, so what somebody still holds of an earlier run's
//     does not reach the next. (TestExecutor_NothingOfARunReachesTheNext,
//     TestExecutor_StrangerThatHoldsThePipeDoesNotHoldTheRunNorReachTheNext)
//   - Each run has a mark of its own. (TestExecutor_EachRunHasItsOwnMark) All runs of a
//     guard are in its session. They are never there at the same time, so a sweep may go
//     by the session. (TestExecutor_KilledGuardTakesItsRunAlong)
//
// # The last will
//
// The guard outlives an Understudy that is killed or crashes. On Linux it then ends the
// term and deletes the registration, so that peers need not wait for T, the orphan age.
// The program asks for that by [Bequeath], before it starts a guard.
//
// What the guard knows is in the ledger, a file in memory that Understudy and all of its
// guards share. Understudy writes to it:
//
//   - its arguments, its environment and its working directory, once, at [Bequeath];
//   - which registration and which term it may have, before it asks the registry for
//     them. Until the first registration there is nothing to be done;
//   - each run of a job whose end is not recorded, before its command is started. The guard
//     adds how the command ended, once the kernel says that it has no child (ECHILD);
//   - that a guard has a tree, before it sends the order. So a tree that does not exist
//     yet counts as well. The guard erases that once the kernel says that it has no child
//     (ECHILD), and nobody else does as long as the guard lives. If the guard dies, then
//     Understudy erases it after it has killed what the guard left, provided that it is a
//     subreaper, whose children the orphans become. Otherwise the mark stays: nobody can
//     be sure that nothing is left.
//
// Each guard also has a pidfd of Understudy, which names this very process whatever
// becomes of its number. When the other end of its socket is closed, a guard does this:
//
//  1. It kills its tree until there is none (ECHILD), writes down how a run ended, and then
//     erases its mark in the ledger.
//  2. It writes a line to the standard error, puts 0 to 2 on /dev/null, closes all other
//     files, also those that Understudy was started with, and goes to /. Whoever waits for
//     the end of the output, for a lock, or for the directory, does not wait for the guard.
//  3. It waits until the pidfd says that Understudy is dead. Work in Understudy's own
//     process is dead then too, and nothing is written to the ledger any more, except
//     that other guards erase their marks.
//  4. It exits if the ledger has the mark of any guard. Of all guards that are alive, the
//     last one to come here finds no mark. It goes on if no other guard is further.
//  5. It starts this program again as a child, whose main calls [ReadTestament], opens the
//     registry, records the ends of runs, for T/20 at most, ends the terms, deletes the
//     registrations, empties the ledger, and exits. Nobody has a connection ready for that.
//     If that process ends and the ledger is not empty, the guard starts another one, six in
//     all.
//  6. It kills that process when T is over, and exits. If it does not, since it hangs or is
//     frozen, a timer of the kernel kills it a second later.
//
// The process of step 5 has an argument that no other one has, and no environment. A main
// that does not begin with its last will might take that for an order to do something
// else. So nothing starts a guard or a member in that process, it ends if it has not come
// to [ReadTestament] after five seconds, and its exit code says nothing: only the empty
// ledger does. Without a ledger it exits before main begins.
// (TestLastWill_OfAProgramThatDoesSomethingElseFirst,
// TestLastWill_OfAProgramThatNeverComesToIt, TestLastWill_WithoutALedgerNothingIsDone)
//
// The order rests on nothing but the ledger's marks and the pidfd. No step is undone, and
// each may be the last one. What is done to the registry concerns one UUID, which is never
// used again: a term is ended only if it is open and that UUID is its holder. So it may be
// done twice, and at any later time: it cannot end a term of somebody else. The end of a run
// is written only if its record is still the one of this attempt, and whoever else decides
// about the attempt changes that. This is what failures cost:
//
//	what happens                          the last will                        peers
//	the guard is killed with its tree     its mark stays: nobody carries it    wait T
//	                                      out
//	the guard is frozen with its tree     the same; at the lease's end the     wait T
//	                                      kernel kills the guard
//	the guard is killed after step 1      another guard may carry it out       wait T at most
//	the guard is frozen after step 1      carries it out when it continues;    wait T
//	                                      a second after T the kernel kills it
//	something does not die                the mark stays                       wait T
//	Understudy is frozen, not dead        the socket is open, and so is the    as without one
//	                                      pidfd silent
//	Understudy executes another program   the pidfd is silent; the guard       –
//	                                      exits after T
//	the registry does not answer          is tried again, for T at most        as soon as it does
//	it was carried out, and no answer     is repeated, and changes nothing     at once
//	came
//	user or password were changed         the environment's file is read       at once
//	                                      again; what the environment itself   wait T
//	                                      says is refused
//	a request of the dead Understudy      a term that begins so has no living  wait T
//	arrives after it                      holder; a record is an orphan
//	Understudy is registered under a new  is about the new UUID; a term of     wait T
//	UUID, a term of the old one is open   the old one stays
//	Understudy is killed in the second    there is no guard; after that second  wait T
//	after its last guard ended            there is a witness
//	the whole machine or container dies   there is no guard                    wait T
//
// The ledger holds the environment, which may have a password in it. It is not in the
// memory of a guard, which never reads that part, and therefore in no core dump of it. The
// command does not inherit the file. Other processes of the same user could open it
// through /proc, as they could read the environment of Understudy itself. The process that
// carries out the last will reads it, after it has made itself undumpable, with a limit
// of 0 for a core: the kernel dumps no core of it, and lets no other process of the user
// look into it. Its own environment, which ps shows, is almost empty, like the guard's.
//
// # When the guard or Understudy does not run
//
//   - Understudy is frozen: the guard acts at D − G and D − K, as above.
//   - Understudy was killed: the socket closes, and the guard kills everything.
//   - Understudy was killed and the guard is frozen: the ties end the process groups.
//   - Both are frozen: the timer kills the guard at the lease's end, and with it the
//     command, by the parent-death signal, and the groups, by their ties. With a PID
//     namespace it kills all that is in there.
//   - The guard was killed: the same two end the command and the groups. Understudy
//     kills the rest: what descends from the guard, is in its session, or has the mark
//     of this run in its environment. As a subreaper it also kills those of its own
//     children that may have descended from the guard, which /proc may hide from it.
//
// # Isolation
//
// On Linux [StartIsolated] starts a guard that isolates its command. Before it is ready,
// the guard makes what that takes, or refuses.
//
// A control group: the command is started in it. While it kills, the guard also has the
// kernel kill all of the group, and it goes on until the kernel says that there is no child
// (ECHILD) and nobody in the group. Then it removes the group. The guard holds a lock on its
// directory, so Understudy and later guards can tell what a killed guard has left, and kill
// and remove that.
//
// A PID namespace: the kernel kills every process in it when its init dies, and the init
// gets SIGKILL when the guard dies, whoever of ours runs then.
//
//		guard ── fork ──▶ init (PID 1) ◀── orphans
//		   │        parent-death signal
//		   └──── fork ──▶ command ──▶ …
//
//	  - A thread of the guard enters the namespace for its children, and starts the init,
//	    which is this program again. The init mounts /proc, sees that it has its parent-death
//	    signal, and says that it is ready. From then on it only reaps.
//	  - The same thread forks the command, so that this is a child of the guard as it is
//	    without isolation: exit code, signals, group and ties are the same. The command has
//	    no parent-death signal of its own. The thread never ends.
//	  - The kernel signals the death of an orphan to the init. So the guard looks at the
//	    init's children while it waits for what a command left behind.
//	  - The init can be reaped only when no process is left in the namespace. So ECHILD says
//	    the same as without, and of more: it includes what was adopted by other processes, or
//	    hides from /proc.
//	  - A tie of the init would be of no use. The kernel ignores its signal there, which does
//	    not come from a process. (TestPIDNamespace_DiesWithTheGuard)
//	  - The init is killed with each run, so the guard serves no other one.
//	    (TestPIDNamespace_GuardIsReadyForTheNextRun)
//	  - A guard whose init has died has nothing to start a command in, and ends.
//	    (TestPIDNamespace_GuardEndsWithItsInit)
//	  - Without the right to do that, the guard is started in a user namespace of its own,
//	    with CAP_SYS_ADMIN there, which it drops before it is ready. The command never has
//	    it. (TestPIDNamespace_OfAnotherUserDiesWithTheGuard)
//
// # One thread
//
// Only the guard's main thread forks, kills and reaps; with a PID namespace, one other
// thread forks. The parent-death signal is bound to the thread that forked. And while nobody else reaps, no other process
// can get the PID of one that is about to be killed.
//
// macOS has a guard without the kernel's help. On Windows a job object inside this
// process takes the guard's place. Package worker documents what each system
// guarantees.
package guard
