package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

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
		run  store.Run // zero if it is about none
		text string
		err  error
	}

	// outcome says that the end of an attempt, or of a run without an attempt, is recorded.
	outcome struct{ run store.Run }

	// delivery tells a URL of the end of a run.
	delivery struct {
		to  string
		run store.Run
	}

	// drained says that nothing runs any more, and that all is recorded.
	drained struct{}

	// finish says that the term may end.
	finish struct{}
)

func (request) isAction()      {}
func (startAttempt) isAction() {}
func (stopAttempt) isAction()  {}
func (note) isAction()         {}
func (outcome) isAction()      {}
func (delivery) isAction()     {}
func (drained) isAction()      {}
func (finish) isAction()       {}

// kind is what a request asks of the store.
type kind string

const (
	kindSeal     kind = "take the jobs over"
	kindJobs     kind = "read the jobs"
	kindOpen     kind = "read the open runs"
	kindRetrying kind = "read which runs wait for a retry"
	kindRun      kind = "read a run"
	kindDue      kind = "read the runs that are due"
	kindClaim    kind = "claim runs"
	kindChildren kind = "claim the runs that follow"
	kindUpdate   kind = "update a run"
	kindSave     kind = "save the jobs"
	kindPrune    kind = "prune old runs"
	kindStrays   kind = "read the runs of jobs that are not in the file"
)

// request is one call of the store.
type request struct {
	kind     kind
	sent     time.Duration  // the local instant at which it was made
	now      time.Time      // due, strays
	except   []string       // due, strays: jobs whose runs are not wanted
	known    []store.Key    // open: runs that are not wanted
	limit    int            // open, due, strays
	runs     []store.Run    // claim, children; update: one
	was      store.Version  // update
	jobs     []store.Job    // save
	key      store.Key      // run; prune: its job
	prunable store.Prunable // prune
}
