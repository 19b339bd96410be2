package status

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Group is a group at one instant of the registry's clock.
type Group struct {
	Name string    `json:"group"`
	At   time.Time `json:"at"`
	// Healthy says that one instance is active and beats; Health says so in one
	// line, or what is wrong.
	Healthy bool   `json:"healthy"`
	Health  string `json:"health"`
	// Done says that nobody is active because the work is done, with exit code 0.
	Done bool `json:"done,omitempty"`
	// Unread says why a record could not be read; it is not among the instances or
	// the terms. Empty: all could.
	Unread string `json:"unread,omitempty"`
	// Takeover says what comes next while the holder of an open term is silent, or
	// its registration gone. nil: it is not, or nobody is there to take over.
	Takeover *Takeover `json:"takeover,omitempty"`
	// Term is the number of the latest term; 0 if there never was one.
	Term int64 `json:"term"`
	// Instances are in the order of their UUIDs, oldest first, the active one
	// before all others.
	Instances []Instance `json:"instances"`
	// Terms are the latest ones, newest first.
	Terms []Term `json:"terms"`
}

// Active returns the holder of the latest term, silent or not. It is false if
// that term is over, or its holder not registered.
func (g Group) Active() (Instance, bool) {
	if len(g.Instances) == 0 || g.Instances[0].Role != registry.Active {
		return Instance{}, false
	}
	return g.Instances[0], true
}

// Count says how many instances of a group there are of each kind. Whoever is
// silent counts as that alone, the active one too: nobody can rely on it.
type Count struct {
	Active     int
	Passive    int
	HoldingOff int // of the passive ones
	Silent     int
}

// Count counts the instances.
func (g Group) Count() (c Count) {
	for _, in := range g.Instances {
		switch {
		case in.Silent:
			c.Silent++
		case in.Role == registry.Active:
			c.Active++
		default:
			c.Passive++
			if in.HoldingOff {
				c.HoldingOff++
			}
		}
	}
	return c
}

// others shows those of a count that are not active.
func (c Count) others() string {
	line := fmt.Sprintf("%d passive", c.Passive)
	if c.HoldingOff > 0 {
		line += fmt.Sprintf(" (%d holding off)", c.HoldingOff)
	}
	if c.Silent > 0 {
		line += fmt.Sprintf(", %d silent", c.Silent)
	}
	return line
}

// waiting says who is there while nobody is active.
func (c Count) waiting() string {
	switch {
	case c.Passive > 0:
		return c.others()
	case c.Silent > 0:
		return fmt.Sprintf("nobody is there to take over, %d silent", c.Silent)
	}
	return "nobody is there to take over"
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
	// Since is when this role began: the term's start for the active one; for a
	// passive one its registration, or the end of the last of the terms below
	// that was its own. Zero if the record does not say.
	Since time.Time `json:"since,omitzero"`
	// Age is that of the last beat; never negative.
	Age Seconds `json:"beatAgeSeconds"`
	// Ahead is by how much its heartbeat lies ahead of the registry's clock, which
	// was set back: Age is then the least that it may be. An instance that lives
	// ends this by its next beat. Until then it is silent. 0: it is not ahead, or
	// its beat was seen to move.
	Ahead Seconds `json:"heartbeatAheadSeconds,omitempty"`
	// Silent says that its beat is overdue; OrphanIn is then when it counts as an
	// orphan at the latest, if it stays so.
	Silent     bool    `json:"silent,omitempty"`
	OrphanIn   Seconds `json:"orphanInSeconds,omitempty"`
	HoldingOff bool    `json:"holdingOff,omitempty"` // does not compete for now
}

// Takeover is that somebody replaces a holder that is not heard of.
type Takeover struct {
	// ID is of whoever is senior now, and will be if nothing changes.
	ID   uuid.UUID `json:"instance"`
	Host string    `json:"host"`
	// In is how long that takes at most, if those who stand by have observed the
	// silence since its beginning. 0: they are counting for themselves.
	In Seconds `json:"inSeconds"`
}

// Term is one term as people see it.
type Term struct {
	Number int64     `json:"term"`
	Holder uuid.UUID `json:"instance"`
	Host   string    `json:"host"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero while it is open; never after the next term's beginning
	// Length is until At while it is open, and until the next term began if
	// nobody wrote its end down. AtMost says that the work may have ended sooner:
	// there is a next one, and Gap is nil.
	Length Seconds         `json:"lengthSeconds"`
	AtMost bool            `json:"lengthAtMost,omitempty"`
	Reason registry.Reason `json:"reason,omitempty"`
	// ExitCode is that of the work, if Reason is registry.WorkDone.
	ExitCode int `json:"exitCode,omitempty"`
	// Silence is for how long the holder was not heard of at the end of Length,
	// whether it worked or not: before a peer deposed it, or until At if it is
	// silent now. 0: it was heard of, or nobody knows.
	Silence Seconds `json:"silenceSeconds,omitempty"`
	// Gap is the time from its end to the beginning of the next term; nil if there is
	// no next one, or if nobody knows when its work ended. Nobody saw that of an
	// orphan; and who lost its lease, or ended its term after the next one began,
	// wrote the end down when the work was long gone.
	Gap *Seconds `json:"gapSeconds,omitempty"`
	// GapAtMost bounds the gap where Gap is nil, but the Silence is known.
	GapAtMost *Seconds `json:"gapAtMostSeconds,omitempty"`
}
