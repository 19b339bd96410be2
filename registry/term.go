package registry

import (
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
)

// MaxTerm is the largest number a term may have. It leaves room below the
// largest int64, so that no arithmetic on a term overflows.
const MaxTerm = math.MaxInt64 / 2

// Reason says why a term ended.
type Reason string

const (
	Stopped      Reason = "stopped"           // its holder was told to stop
	HandedOver   Reason = "handed over"       // somebody asked for it
	LeaseLost    Reason = "lease lost"        // its holder could not renew in time
	Orphaned     Reason = "orphaned"          // its holder fell silent, a peer went on
	Unregistered Reason = "registration gone" // its holder found itself deleted
	WorkFailed   Reason = "work failed"       // again and again; a peer tries
	NotReady     Reason = "not ready"         // its passive side did not stop, so the work never began
	WorkDone     Reason = "work done"         // for the whole group
)

// Term is one instance's time as the active one of its group.
type Term struct {
	Group       string
	Number      int64
	Holder      uuid.UUID
	Host        string
	OrphanAfter time.Duration // zero where the record has no sensible value
	StartedAt   time.Time     // by the registry's clock
	EndedAt     time.Time     // zero while the term is open
	End         End           // zero while the term is open
	Handover    *Handover     // the last request, if there was one
	Schema      int
}

// End is how a term came to its end.
type End struct {
	Reason Reason
	// ExitCode is the exit code of the work at a final exit ([WorkDone]).
	ExitCode int
	// Silence is for how long the holder had not been heard of when a peer deposed
	// it ([Orphaned]), on that peer's clock. Zero: nobody knows.
	Silence time.Duration
}

// Handover is a request that the holder step down for another instance.
type Handover struct {
	To uuid.UUID // uuid.Nil: whoever is senior
	At time.Time // by the registry's clock
}

// NoBeat stands for a stored beat that is none. [Registry.Beat] cannot count it
// up, so it stands still.
const NoBeat = -1

// Remains is what is left of the holder's record when that makes no sense: its
// beat, or NoBeat, which its owner may still count up; the rest is the term's. It
// promises no interval, so that nobody judges it before the longer of the term's
// T and their own.
func (t Term) Remains(beat int64) Instance {
	return Instance{
		ID: t.Holder, Group: t.Group, Host: t.Host, Beat: max(beat, NoBeat), OrphanAfter: t.OrphanAfter, Schema: Schema,
		Status: Status{Role: Active, Term: t.Number, Candidate: true},
	}
}

// Open reports whether the term has not ended.
func (t Term) Open() bool { return t.EndedAt.IsZero() }

// Check reports the first thing that makes the record unusable, as ErrSchema,
// ErrTermExhausted or ErrCorrupt. Backends call it on all that they read.
func (t Term) Check() error {
	corrupt := func(field string, value any, want string) error {
		return fmt.Errorf("%w: term %d of group %.64q: %s is %v, want %s", ErrCorrupt, t.Number, t.Group, field, value, want)
	}
	switch {
	case t.Schema > Schema:
		return fmt.Errorf("%w: term %d of group %.64q has schema %d, this program knows up to %d: upgrade it", ErrSchema, t.Number, t.Group, t.Schema, Schema)
	case t.Schema < 1:
		return corrupt("schema", t.Schema, "1 or more")
	case CheckGroup(t.Group) != nil:
		return corrupt("group", fmt.Sprintf("%.64q", t.Group), "a group's name")
	case t.Number < 1:
		return corrupt("number", t.Number, "1 or more")
	case t.Number > MaxTerm:
		return fmt.Errorf("%w: group %.64q has term %d, want at most %d", ErrTermExhausted, t.Group, t.Number, int64(MaxTerm))
	case t.Holder == uuid.Nil:
		return corrupt("holder", t.Holder, "a UUID")
	case t.StartedAt.IsZero():
		return corrupt("startedAt", "missing", "a date")
	}
	return nil
}
