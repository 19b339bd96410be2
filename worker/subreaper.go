package worker

import "github.com/understudy-go/understudy/worker/internal/guard"

// BecomeSubreaper makes this process the parent of what a guard that was killed
// leaves behind, so that Run can be sure of having killed it all. It is for a
// program whose main calls it first thing: from then on, a child of this
// process in another session than its own is taken for an orphan of a command
// once a guard dies, and killed. Without it, Run finds only those that kept the
// guard's session or their environment. Elsewhere than on Linux it does nothing.
//
// A child that this process had before is spared, such as what a script started
// before it executed this program. What such a child leaves behind becomes this
// process's own when it exits, and can't be told from what escaped from a
// command: in another session, it is killed with it.
//
// This process then buries its dead children, whoever they were, but for guards
// and those that package os, or os/exec, started and still waits for. A program
// that forks by other means can't rely on their exit codes any more.
func BecomeSubreaper() error { return guard.BecomeSubreaper() }
