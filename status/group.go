package status

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Group is a snapshot of a group at one instant of the registry's clock.
type Group struct {
	Name string    `json:"group"`
	At   time.Time `json:"at"`
	// ClockAhead is how far the registry's clock is ahead of this machine's at least;
	// negative: behind it. 0: no difference can be told from the time that the answer took.
	ClockAhead time.Duration `json:"-"`
	// Healthy says that one instance is active and beats. Health says so in one line,
	// or what is wrong.
	Healthy bool   `json:"healthy"`
	Health  string `json:"health"`
	// Done says that no instance is active because the work is done, with exit code 0.
	Done bool `json:"done,omitempty"`
	// Unread says why a record could not be read; such a record is not among the
	// instances or the terms. It is empty if all could be read.
	Unread string `json:"unread,omitempty"`
	// Takeover says what comes next while the holder of an open term is silent or its
	// registration is gone. It is nil otherwise, and if no instance is there to take over.
	Takeover *Takeover `json:"takeover,omitempty"`
	// Term is the number of the latest term; 0 if there never was one.
	Term int64 `json:"term"`
	// Instances are in the order of their UUIDs, oldest first, but with the active one
	// before all others.
	Instances []Instance `json:"instances"`
	// Terms are the latest ones, newest first.
	Terms []Term `json:"terms"`
}

// Active returns the holder of the latest term, whether it is silent or not. It returns
// false if that term is over or its holder is not registered.
func (g Group) Active() (Instance, bool) {
	if len(g.Instances) == 0 || g.Instances[0].Role != registry.Active {
		return Instance{}, false
	}
	return g.Instances[0], true
}

// Instance is one registration as people see it.
type Instance struct {
	ID       uuid.UUID     `json:"instance"`
	Role     registry.Role `json:"role"` // by the latest term
	Term     int64         `json:"term,omitempty"`
	Host     string        `json:"host"`
	PID      int           `json:"pid"`
	Version  string        `json:"version"`
	Priority int           `json:"priority,omitempty"`
	// Since is when this role began: for the active instance the start of its term, for
	// a passive one its registration, or the end of the last of its own terms among
	// those of the snapshot. It is zero if the record does not say.
	Since time.Time `json:"since,omitzero"`
	// Age is that of the last beat. It is never negative.
	Age Seconds `json:"beatAgeSeconds"`
	// Ahead is how far its heartbeat lies ahead of the registry's clock, which was set
	// back. Age is then a lower bound, and the instance counts as silent until it is
	// seen to beat again. 0: its heartbeat is not ahead, or its beat was seen to move.
	Ahead Seconds `json:"heartbeatAheadSeconds,omitempty"`
	// Silent says that its beat is overdue. OrphanIn is the time until it counts as an
	// orphan at the latest, if it stays silent.
	Silent     bool    `json:"silent,omitempty"`
	OrphanIn   Seconds `json:"orphanInSeconds,omitempty"`
	HoldingOff bool    `json:"holdingOff,omitempty"` // leaves the next terms to its peers for a while
	// SteppingDown says that it is the active one, and ends its term: its work is told to
	// stop, or may finish first.
	SteppingDown bool `json:"steppingDown,omitempty"`
}

// Term is one term as people see it.
type Term struct {
	Number int64     `json:"term"`
	Holder uuid.UUID `json:"instance"`
	Host   string    `json:"host"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero while it is open; never after the start of the next term
	// Length goes until At while the term is open, and until the start of the next term
	// if its end was not recorded. AtMost says that the work may have ended sooner: there
	// is a next term, and Gap is nil.
	Length Seconds         `json:"lengthSeconds"`
	AtMost bool            `json:"lengthAtMost,omitempty"`
	Reason registry.Reason `json:"reason,omitempty"`
	// ExitCode is that of the work, if Reason is registry.WorkDone.
	ExitCode int `json:"exitCode,omitempty"`
	// Silence is the time at the end of Length in which the holder was silent, whether
	// it worked or not: until a peer deposed it, or until At if it is silent now. 0: it
	// was not silent, or it is not known.
	Silence Seconds `json:"silenceSeconds,omitempty"`
	// Gap is the time from its end to the start of the next term. It is nil if there is
	// no next term, or if it is not known when the work ended: nobody observes the end of
	// an orphan's work, and a holder that lost its lease, or ended its term only after
	// the next one had begun, recorded the end long after its work was gone.
	Gap *Seconds `json:"gapSeconds,omitempty"`
	// GapAtMost is an upper bound of the gap where Gap is nil but the Silence is known.
	GapAtMost *Seconds `json:"gapAtMostSeconds,omitempty"`
}
