package worker

import "github.com/understudy-go/understudy/worker/internal/guard"

// BecomeSubreaper makes this process the parent of what a guard that was killed
// leaves behind, so that Run can be sure of having killed it all. It is for a
// program whose main calls it first thing: from then on, a child of this
// process in another session than its own is taken for an orphan of a command
// once a guard dies, and killed. Without it, Run finds only those that kept the
// guard's session or their environment. Elsewhere than on Linux it does nothing.
func BecomeSubreaper() error { return guard.BecomeSubreaper() }
