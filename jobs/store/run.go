package store

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Run is one execution of a job that was asked for.
type Run struct {
	Key

	// How it came to be. These fields never change, except Due and Priority.
	Trigger  Trigger
	Slot     time.Time // of the schedule; zero for other triggers
	At       time.Time // when the record was made, by the registry's clock
	Due      time.Time // it is not started before
	Priority int       // of those that are due, the highest one is started first
	By       string    // who triggered it, as far as is known
	Payload  Digest    // of its payload; zero if it has none
	Parent   string    // JOB/RUN of the run whose end asked for it; empty for other triggers

	// State and Open say where it stands. An open run has something left to be done by
	// the holder: it waits, is processed, or has ended and what follows its end is not
	// done.
	State State
	Open  bool

	// Term and Instance are the last holder that wrote the record, 0 and Nil if none did.
	// Attempt is the number of the last attempt, 0 before the first. Nonce was made for
	// the claim of this attempt: by it a holder that got no answer knows its own claim. A
	// last will that records the end of an attempt takes it away, and leaves the run open:
	// no holder has told of that end yet.
	Term     int64
	Instance uuid.UUID
	Attempt  int
	Nonce    uuid.UUID

	// Attempts are the last ones, at most MaxAttempts, in their order. Failures counts
	// those that failed or timed out, and Interruptions those whose instance went away,
	// since the run was triggered or retried by a person.
	Attempts      []Attempt
	Failures      int
	Interruptions int

	// RetriedBy is who had it started again last after it had ended; empty if nobody did.
	RetriedBy string

	Progress Progress
	Result   []byte // at most MaxResult
	Output   Output
	Remark   string    // why it was skipped, cancelled, or whatever else people should know
	EndedAt  time.Time // zero while it has no outcome
	Cancel   *Request  // a person's request to cancel it; nil if there was none
	Schema   int
}

// Version returns what a holder's write has to find in the record.
func (r Run) Version() Version { return Version{State: r.State, Term: r.Term, Attempt: r.Attempt} }

// Version is the state of a run's record that a holder's write rests on.
type Version struct {
	State   State
	Term    int64
	Attempt int
}

// Attempt is one start of a run's command.
type Attempt struct {
	Number   int
	Instance uuid.UUID
	Host     string
	Term     int64
	From     time.Time // when it was claimed
	To       time.Time // zero while it has not ended
	End      AttemptEnd
	ExitCode int
}

// AttemptEnd is how an attempt ended; empty while it has not.
type AttemptEnd string

const (
	AttemptCompleted AttemptEnd = "completed"
	AttemptFailed    AttemptEnd = "failed"
	AttemptTimedOut  AttemptEnd = "timed out"
	AttemptExited    AttemptEnd = "exited" // its instance went away, or lost its lease
	AttemptCancelled AttemptEnd = "cancelled"
)

// Progress is what a run said last of how far it is.
type Progress struct {
	Percent int // 0 to 100
	Text    string
	At      time.Time // zero if it said nothing
}

// Output is what an attempt wrote to its standard output and standard error.
type Output struct {
	Head  []byte // the beginning, at most MaxHead
	Tail  []byte // the end of what is not in Head, at most MaxTail
	Bytes int64  // how many it wrote in all
}

// Digest is the SHA-256 of a payload.
type Digest [32]byte

// Prunable says which runs of a job may be deleted.
type Prunable struct {
	Before       time.Time // those made and ended at this instant or earlier
	FailedBefore time.Time // those that failed, timed out or exited at this instant or earlier
	Keep         int       // but not the newest of those, this many
}

// Spares reports whether a run has to stay because of when it was made or ended, or because
// of its state.
func (p Prunable) Spares(r Run) bool {
	failed := slices.Contains(Failures, r.State)
	return !r.State.Ended() || r.Open || r.At.After(p.Before) || r.EndedAt.After(p.Before) || failed && r.EndedAt.After(p.FailedBefore)
}
