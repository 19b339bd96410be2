package heartbeat

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// event is something that happened. The machine takes each event with the local instant
// at which it learns of it.
type event interface{ isEvent() }

type (
	// tick says only that time has passed.
	tick struct{}

	// answer is the outcome of a request. Which fields are set depends on its kind.
	answer struct {
		request  request
		err      error
		at       time.Time           // register, beat: the registry's time
		view     registry.View       // view
		listen   int64               // register, beat, candidate: the mark in the record
		senior   uuid.UUID           // candidate
		claimant registry.Instance   // claimant
		deleted  bool                // deleteOrphan
		silent   []registry.Instance // silent
	}

	// woken says that the group's terms may have changed, and who should act first;
	// uuid.Nil: whoever listens.
	woken struct{ who uuid.UUID }

	// watching says whether the registry sends woken for now, in the listening of that
	// number.
	watching struct {
		number int64
		up     bool
	}

	// workGone says that nothing is left of the work of a term.
	workGone struct {
		term   int64
		result result
		code   int   // done: the exit code
		err    error // broken: what the work returned
	}

	// stoodDown says that the passive side has returned, so that the work of a term
	// can start. An error says that it did not return in time.
	stoodDown struct {
		term int64
		err  error
	}

	// drained says that the drain of that number is over, as far as the work goes.
	drained struct{ number int64 }

	// leave says that this process is to leave its group: its work may drain, and has
	// the stop grace, or has to stop at once.
	leave struct{ immediate bool }
)

// isBeat reports whether the answer is to a beat. A registration counts as one.
func (a answer) isBeat() bool { return a.request.kind == kindBeat || a.request.kind == kindRegister }

// delaysNext reports whether the request failed in a way that delays the next one.
func (a answer) delaysNext() bool {
	if a.err == nil {
		return false
	}
	switch a.request.kind {
	case kindView, kindSilent:
		return !registry.Unreadable(a.err) // the next one comes at its time
	case kindCandidate, kindMark:
		return false // this instance goes on without the hint
	case kindClaimant:
		return !errors.Is(a.err, registry.ErrNoClaimant)
	case kindBeginTerm:
		return !errors.Is(a.err, registry.ErrTermTaken)
	case kindUnregister:
		return a.request.past // this registration is not ended again
	}
	return true
}

func (tick) isEvent()      {}
func (answer) isEvent()    {}
func (woken) isEvent()     {}
func (watching) isEvent()  {}
func (stoodDown) isEvent() {}
func (workGone) isEvent()  {}
func (drained) isEvent()   {}
func (leave) isEvent()     {}

// result is how the work came to its end.
type result string

const (
	yielded result = "yielded" // it stopped as it was told to
	done    result = "done"    // it is finished, for the whole group
	failing result = "failing" // it failed repeatedly: a peer may try
	broken  result = "broken"  // it returned an error: this process goes
)
