// Package instance runs one instance: one process that joins its group, stands by, and
// runs the command and the jobs while it is active.
//
// [Plan.Run] is the whole life of an instance, and reads from top to bottom: each step
// is followed by the defer that undoes it, so an instance shuts down in the opposite
// order. The parts only meet there:
//
//   - heartbeat.Member decides who is active;
//   - work.go is what the member leads: worker.Command runs the command under a guard, which
//     ends it with the lease, and scheduler.Scheduler decides about the jobs, whose attempts
//     package attempt runs under guards, too;
//   - jobsfile.go reads the jobs file, again whenever it changes;
//   - the hook runs the user's program at each change of role;
//   - the admin server serves the page, the probes and the metrics;
//   - the notifier sends the state of the instance to systemd.
//
// The member tells the last three what happens to it, and never waits for them.
//
// # What happens on SIGTERM
//
//  1. internal/signals/catcher.go: the first signal ends the context of [Plan.Run], which
//     instance.go passes on to the member.
//  2. heartbeat/runner.go: the loop gives the machine the event leave.
//  3. heartbeat/order.go: if there are jobs, they are drained first: the command is told to
//     stop, nothing new starts, and runs end by themselves (work.drain, Scheduler.Drain).
//     Then heartbeat/leave.go: the shutdown begins (leaveOnOrder, leave); stop in
//     heartbeat/work.go tells the work to stop.
//  4. heartbeat/lead.go ends the context of the work (stopWork), and worker/supervise.go has
//     the guard stop the command.
//  5. worker/internal/guard/stop_linux.go: SIGTERM to the command's process group;
//     kill_linux.go beside it: SIGKILL to what is left after the stop grace.
//  6. heartbeat/work.go: the machine learns that nothing is left of the work (workGone).
//  7. heartbeat/leave.go: the term is ended, and then the instance is unregistered
//     (conclude, release), within the time that departure.go gives.
//  8. heartbeat/runner.go returns, and the deferred calls of [Plan.Run] close the hook, the
//     registry and the admin server.
//  9. internal/cli/run.go makes the exit code of the result, and main.go exits with it.
//
// As process 1 of a container, internal/pid1/init_linux.go passes the signal on to this
// program, and exits with its exit code.
package instance
