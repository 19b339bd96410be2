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

	// beat is the registry's time from the answer to a beat, which was sent at a local
	// instant and answered at another.
	beat struct {
		at             time.Time
		sent, received time.Duration
	}

	// extended is a new end of the lease.
	extended struct{ until time.Duration }

	// answer is the outcome of a request. Which fields are set depends on its kind.
	answer struct {
		request  request
		err      error
		jobs     []store.Job       // seal, jobs
		runs     []store.Run       // open, due, strays
		next     time.Time         // due
		retrying map[string]string // retrying
		there    []*store.Run      // claim, children: the records that are there already
		stored   *store.Run        // update: the record that is there instead; run: the record
		pruned   int               // prune
	}

	// attemptEnded says that nothing is left of an attempt.
	attemptEnded struct {
		key store.Key
		end ending
	}

	// delivered is the answer to an attempt to tell a URL of the end of a run. Again says,
	// after an error, whether to try again.
	delivered struct {
		key   store.Key
		err   error
		again bool
	}

	// changed says that people may have changed something.
	changed struct{}

	// redefined says that the definitions of jobs are others now.
	redefined struct{ jobs []Job }

	// drain says that nothing more is to be started.
	drain struct{}

	// stop says that the work has to stop: at once, or within the grace.
	stop struct{ immediate bool }
)

func (tick) isEvent()         {}
func (beat) isEvent()         {}
func (extended) isEvent()     {}
func (answer) isEvent()       {}
func (attemptEnded) isEvent() {}
func (delivered) isEvent()    {}
func (changed) isEvent()      {}
func (redefined) isEvent()    {}
func (drain) isEvent()        {}
func (stop) isEvent()         {}
