package guard

import (
	"errors"
	"os"
	"time"
)

// ErrStart says that a guard could not be started.
var ErrStart = errors.New("guard: would not start")

// Order is a command and the lease that it may run under. Instants are read from
// internal/boottime's clock.
type Order struct {
	Path string
	Dir  string   // the working directory; empty: this process's
	Args []string // argv, beginning with the name
	Env  []string

	Lease  time.Duration // D: nothing of the command is alive after this instant
	Grace  time.Duration // G: SIGTERM is sent at D − G
	Margin time.Duration // K: SIGKILL is sent at D − K

	Limit      time.Duration // the instant at which SIGTERM is sent at the latest; 0: only the lease limits the run
	LimitGrace time.Duration // from then to SIGKILL

	// Output are the standard output and error. Whoever gives the order keeps them open
	// until the run is over. None: those of the guard.
	Output []*os.File

	// Keep has the guard wait for another order after this run, unless anything
	// unusual happened in it. Only Linux has such guards.
	Keep bool

	// Run is the number of the run that the last will may know of, see lastwill.RunWill; 0:
	// it knows of none.
	Run   int
	endAt int64 // where the guard writes down how the run ended; 0: nowhere

	// Mark is an entry of Env that only this command and its descendants have. By it
	// they are recognised after their guard was killed.
	Mark string
}

// Output is where the standard output of a command goes: to this process's own
// standard output or error. The value is the number of the descriptor.
type Output int

const (
	ToStdout Output = 1
	ToStderr Output = 2
)

// leftoverTime is how long the other processes of a command may live on after the
// command itself exited without being asked to. They often end by themselves: a
// shell does not wait for the tee of "exec > >(tee log)".
const leftoverTime = time.Second

// Alive reports whether the guard may still be there. It is true until the guard is
// reaped, so also while the processes that it left are killed. On Windows it is true
// while the job is served.
func (g *Guard) Alive() bool {
	select {
	case <-g.gone:
		return false
	default:
		return true
	}
}

// Event is what a guard reports about its command.
type Event struct {
	Kind EventKind
	PID  int   // of the command, for Started
	Code int   // for Exited: the exit code, or 128+n after signal n
	Why  Why   // for Exited
	Left int   // for Exited: about how many other processes had to be killed
	Err  error // for NotStarted

	Signal int  // for Exited: the signal that ended the command; 0: none did
	Kept   bool // for Exited: the guard is idle again, and this is the last event of the run
}

// DirError says that a command was not executed because of its working directory.
type DirError struct {
	Dir string
	Err error
}

func (e *DirError) Error() string { return "directory " + e.Dir + ": " + e.Err.Error() }

func (e *DirError) Unwrap() error { return e.Err }

// EventKind says what happened.
type EventKind int

const (
	Started    EventKind = iota + 1
	NotStarted           // the command could not be executed
	Late                 // the command was not executed, because less than the grace was left of the lease
	Killing              // SIGKILL is being sent to what is left of the command
	Exited               // the command exited and nothing of it is left
	Died                 // the guard died, and what it left behind is being killed
)

// Why says what made a command exit.
type Why int

const (
	Itself   Why = iota + 1 // nobody asked it to
	Outside                 // somebody signalled the guard as well, as systemd signals a whole unit
	Asked                   // Stop or Kill was called
	Expired                 // the lease ended
	TimedOut                // the limit was reached
)

// Process names a process in messages for people.
type Process struct {
	PID  int
	Name string
}
