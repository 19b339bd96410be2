package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// event is something that happened. The machine is told of each with the local
// instant at which it learns of it.
type event interface{ isEvent() }

type (
	// tick says only that time has passed.
	tick struct{}

	// answer is the outcome of a call. Which fields are set depends on its kind.
	answer struct {
		call     call
		err      error
		at       time.Time           // register, beat: the registry's time
		view     registry.View       // view
		senior   uuid.UUID           // candidate
		claimant registry.Instance   // claimant
		deleted  bool                // deleteOrphan
		silent   []registry.Instance // silent
	}

	// woken says that the group's terms may have changed.
	woken struct{}

	// watching says whether woken can be relied on for now.
	watching struct{ up bool }

	// workGone says that nothing is left of the work of a term.
	workGone struct {
		term   int64
		result result
		code   int   // done: the exit code
		err    error // broken: what the work returned
	}

	// stoodDown says that the passive side has returned, so that the work of a term
	// can start, or by an error that it has not in time.
	stoodDown struct {
		term int64
		err  error
	}

	// leave says that this process wants to go.
	leave struct{}
)

func (tick) isEvent()      {}
func (answer) isEvent()    {}
func (woken) isEvent()     {}
func (watching) isEvent()  {}
func (stoodDown) isEvent() {}
func (workGone) isEvent()  {}
func (leave) isEvent()     {}

// result is how the work came to its end.
type result string

const (
	yielded result = "yielded" // it was told to stop
	done    result = "done"    // it is finished, for the whole group
	failing result = "failing" // it failed repeatedly: a peer may try
	broken  result = "broken"  // it returned an error: this process goes
)

// action is something to be done, in the order given.
type action interface{ isAction() }

type (
	// awaitStandby tells the passive side to return, and asks for stoodDown.
	awaitStandby struct{ term int64 }

	// startWork begins the work of a term.
	startWork struct{ term registry.Term }

	// stopWork tells the work to stop: in order, or at once.
	stopWork struct {
		cause     error
		immediate bool
	}

	// extend announces the local instant at which the lease ends.
	extend struct{ until time.Duration }

	// note is a fact for people.
	note struct {
		fact   fact
		term   int64
		holder uuid.UUID
		host   string
		lasts  time.Duration   // for how long already, or how long it took
		in     time.Duration   // how long until something follows
		end    registry.Reason // why the latest term is over; empty: it is not
		err    error
	}

	// finish ends the machine; err is what Run returns.
	finish struct{ err error }

	// abort ends the process: the work would not.
	abort struct{ err error }
)

func (call) isAction()         {}
func (awaitStandby) isAction() {}
func (startWork) isAction()    {}
func (stopWork) isAction()     {}
func (extend) isAction()       {}
func (note) isAction()         {}
func (finish) isAction()       {}
func (abort) isAction()        {}

// fact is what a note is about; its text is the log's message, filled in by
// note.text.
type fact string

const (
	factRegistered   fact = "registered as %s"
	factStandingBy   fact = "standing by for %s"
	factVacant       fact = "nobody is active: %s %s"
	factSilent       fact = "no beat from %s for %s, taking over in %s"
	factBeatsAgain   fact = "%s beats again"
	factOtherCommand fact = "%s runs another command: two programs in one group"
	factActive       fact = "active in term %d"
	factYielding     fact = "the work keeps failing: a peer is to try it"
	factPassive      fact = "passive: term %d is over for this instance"
	factNobodyElse   fact = "the work keeps failing and nobody else is there to try it: trying again"
	factUnreachable  fact = "registry does not answer"
	factRefused      fact = "registry refuses"
	factReachable    fact = "registry answers again"
	factLeaseLost    fact = "lease not renewed in time: stopping the work"
	factDeleted      fact = "this registration was deleted"
	factSpoilt       fact = "this registration cannot be read any more"
	factOutvoted     fact = "a newer term exists: stopping the work"
	factTermEnded    fact = "this term was ended by another: stopping the work"
	factTermsLost    fact = "terms were lost, the registry went back in time (restored from a backup?): fencing tokens are void"
	factUnasked      fact = "term %d names this instance as its holder, which never asked for it: somebody else writes to the registry"
	factUnseen       fact = "term %d is taken, and does not show: what is read of the registry is not what was written"
	factClaimed      fact = "%s says that it holds term %d, which the registry has lost: waiting for it to stop"
	factDeposed      fact = "deleted the orphan %s, silent for %s"
	factSwept        fact = "deleted the orphan %s, which was passive"
	factHandover     fact = "asked to hand over: stopping the work"
	factStuck        fact = "the work does not stop"
	factAnew         fact = "registering anew"
	factPeerDone     fact = "work done by %s: leaving"
	factLeft         fact = "left"
	factUnregistered fact = "registry does not answer: this registration stays until a peer deletes it as an orphan"
	factUnreleased   fact = "registry does not answer: the term stays open, peers wait until it counts as an orphan"
	factBadView      fact = "cannot read the group"
	factExhausted    fact = "no term number is left: the registry holds one close to the largest integer"
)
