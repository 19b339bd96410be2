package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// action is something to be done, in the order given.
type action interface{ isAction() }

type (
	// awaitStandby tells the passive side to return, and asks for the event stoodDown.
	awaitStandby struct{ term int64 }

	// startWork begins the work of a term.
	startWork struct{ term registry.Term }

	// startDrain begins to drain the work, and asks for the event drained with the same
	// number. endDrain tells that drain to return, or says that it need not go on.
	startDrain struct{ number int64 }
	endDrain   struct{}

	// stopWork tells the work to stop: within the stop grace, or at once.
	stopWork struct {
		cause     error
		immediate bool
	}

	// listen asks for the events watching and woken from now on, instead of those of an
	// earlier listening. Number 0 asks for none any more.
	listen struct{ number int64 }

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

	// abort ends the process, because its work does not stop.
	abort struct{ err error }
)

func (request) isAction()      {}
func (awaitStandby) isAction() {}
func (startWork) isAction()    {}
func (startDrain) isAction()   {}
func (endDrain) isAction()     {}
func (stopWork) isAction()     {}
func (listen) isAction()       {}
func (extend) isAction()       {}
func (note) isAction()         {}
func (finish) isAction()       {}
func (abort) isAction()        {}
