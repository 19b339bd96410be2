// Package instance runs one instance: one process that joins its group, stands by, and
// runs the command while it is active.
//
// [Plan.Run] is the whole life of an instance, and reads from top to bottom: each step
// is followed by the defer that undoes it, so an instance shuts down in the opposite
// order. The parts only meet there:
//
//   - heartbeat.Member decides who is active;
//   - worker.Command runs the command under a guard, which ends it with the lease;
//   - the hook runs the user's program at each change of role;
//   - the admin server serves the page, the probes and the metrics;
//   - the notifier sends the state of the instance to systemd.
//
// The last three follow what happens to the member. The member never waits for them.
package instance
