package store

import "slices"

// State is where a run stands.
type State string

const (
	Waiting    State = "waiting"    // to be started, when it is due
	Processing State = "processing" // claimed by an active instance, which starts its command
	Completed  State = "completed"  // the command exited with 0
	Failed     State = "failed"     // for good: no retry is left, or the exit code was final
	TimedOut   State = "timed out"  // killed at its timeout, and no retry is left
	Exited     State = "exited"     // its instance went away, and it may not run again
	Skipped    State = "skipped"    // never started; the remark says why
	Cancelled  State = "cancelled"  // somebody cancelled it
)

// States are all states, in the order of a run's life.
var States = []State{Waiting, Processing, Completed, Failed, TimedOut, Exited, Skipped, Cancelled}

// Ended reports whether the run has its outcome.
func (s State) Ended() bool { return s != Waiting && s != Processing }

// Failures are the outcomes of runs that should have completed, and that nobody cancelled.
var Failures = []State{Failed, TimedOut, Exited}

// Retryable reports whether people can have the run started again.
func (s State) Retryable() bool { return slices.Contains(Failures, s) || s == Cancelled }

// Trigger is what asked for a run.
type Trigger string

const (
	BySchedule Trigger = "schedule"
	ByPerson   Trigger = "trigger" // a command or an HTTP request
	ByRun      Trigger = "then"    // the end of another run
)
