package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// event is something that happened. The machine takes each event with the local instant
// at which it learns of it.
type event interface{ isEvent() }

type (
	// tick says only that time has passed.
	tick struct{}

	// beat is the registry's time from the answer to a beat that was sent at an instant.
	beat struct {
		at   time.Time
		sent time.Duration
	}

	// extended is a new end of the lease.
	extended struct{ until time.Duration }

	// answer is the outcome of a request. Which fields are set depends on its kind.
	answer struct {
		request request
		err     error
		jobs    []store.Job  // seal, readJobs
		runs    []store.Run  // open, due
		next    time.Time    // due
		there   []*store.Run // claim: the records that are there already
		stored  *store.Run   // update: the record that is there instead
	}

	// attemptEnded says that nothing is left of an attempt.
	attemptEnded struct {
		key store.Key
		end ending
		out store.Output
	}

	// changed says that people may have changed something.
	changed struct{}

	// redefined says that the definitions of jobs are others now.
	redefined struct{ jobs []Job }

	// stop says that the work has to stop: at once, or in order.
	stop struct{ immediate bool }
)

func (tick) isEvent()         {}
func (beat) isEvent()         {}
func (extended) isEvent()     {}
func (answer) isEvent()       {}
func (attemptEnded) isEvent() {}
func (changed) isEvent()      {}
func (redefined) isEvent()    {}
func (stop) isEvent()         {}

// action is something to be done, in the order given.
type action interface{ isAction() }

type (
	// startAttempt starts the attempt of a run that this holder has claimed.
	startAttempt struct{ run store.Run }

	// stopAttempt tells an attempt to stop, within its grace or at once.
	stopAttempt struct {
		key       store.Key
		immediate bool
	}

	// note is a fact for people.
	note struct {
		fact fact
		job  string
		run  store.Key
		text string
		err  error
	}

	// finish says that nothing runs any more.
	finish struct{}
)

func (request) isAction()      {}
func (startAttempt) isAction() {}
func (stopAttempt) isAction()  {}
func (note) isAction()         {}
func (finish) isAction()       {}

// kind is what a request asks of the store.
type kind string

const (
	kindSeal   kind = "seal"
	kindJobs   kind = "read the jobs"
	kindOpen   kind = "read the open runs"
	kindDue    kind = "read the runs that are due"
	kindClaim  kind = "claim"
	kindUpdate kind = "update a run"
	kindSave   kind = "save the jobs"
)

// request is one call of the store.
type request struct {
	kind   kind
	now    time.Time     // due
	except []string      // due: jobs that cannot run now
	runs   []store.Run   // claim; update: one
	was    store.Version // update
	jobs   []store.Job   // save
}
