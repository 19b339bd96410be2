package guard

import (
	"errors"
	"time"
)

// ErrStart says that a guard would not start.
var ErrStart = errors.New("guard: would not start")

// Order is a command and the lease that it may run under. Instants are of
// internal/boottime's clock.
type Order struct {
	Path string
	Dir  string   // to run it in; empty: this process's
	Args []string // argv, the name first
	Env  []string

	Lease  time.Duration // D: nothing of the command lives after this instant
	Grace  time.Duration // G: SIGTERM at D − G
	Margin time.Duration // K: SIGKILL at D − K

	// Mark is an entry of Env that no process but this command's descendants
	// has. It identifies those that outlive a killed guard.
	Mark string
}

// Output is where a guard's command writes what it puts out: this process's own
// standard output or error, by the number of the descriptor.
type Output int

const (
	ToStdout Output = 1
	ToStderr Output = 2
)

// lastMoment is what all others have to end by themselves after a command that did:
// a shell does not wait for the tee of "exec > >(tee log)".
const lastMoment = time.Second

// Event is what a guard reports of its command.
type Event struct {
	Kind EventKind
	PID  int   // Started
	Code int   // Exited: the exit code, 128+n for signal n
	Why  Why   // Exited
	Left int   // Exited: so many other processes had to be killed, about
	Err  error // NotStarted
}

// DirError says that a command was not executed because of its directory.
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
	Late                 // not executed: the lease had less than the grace left
	Killing              // SIGKILL is being sent to what is left of the command
	Exited               // the command exited and nothing of it is left
	Died                 // the guard died; what it left behind is being killed
)

// Why says what made a command exit.
type Why int

const (
	Itself  Why = iota + 1 // nobody told it to
	Outside                // somebody signalled the guard too, as systemd does
	Asked                  // Stop or Kill
	Expired                // the lease ran out
)

// Process identifies a process to people.
type Process struct {
	PID  int
	Name string
}
