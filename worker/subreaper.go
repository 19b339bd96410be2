package worker

import "github.com/understudy-go/understudy/worker/internal/guard"

// BecomeSubreaper makes this process the parent of the processes that a killed
// guard leaves behind, so that Run can be sure to have killed them all. Without it,
// Run finds only those that stayed in the guard's session or kept their
// environment. It does nothing on other systems than Linux.
//
// It is meant for a program that calls it at the beginning of main. From then on,
// when a guard dies, every child of this process that is in another session is
// taken for an orphan of the command, and killed. Children that this process had
// before are spared, such as those that a script started before it executed this
// program. But what such a child leaves behind becomes a child of this process when
// it exits, and cannot be told from what escaped from a command: if it is in another
// session, it is killed too.
//
// From then on this process also reaps all of its dead children, except guards and
// processes that packages os and os/exec started and still wait for. A program that
// forks in other ways cannot rely on exit codes any more.
func BecomeSubreaper() error { return guard.BecomeSubreaper() }
