package scheduler

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// settings is what a machine gets when it is made. It never changes.
type settings struct {
	holder    store.Holder
	host      string
	stopGrace time.Duration
	maxRuns   int                               // how many attempts run at a time
	poll      time.Duration                     // how often is asked for changes that nobody announced
	newNonce  func() uuid.UUID                  // for each claim
	jitter    func(time.Duration) time.Duration // changes a pause by chance
}

// Job is a job that this instance can run.
type Job struct {
	jobs.Definition // with its defaults
	Next            func(after time.Time) time.Time
}

// phase is where a machine is in its term.
type phase string

const (
	sealing  phase = "sealing"  // takes the records over from the holder before
	reading  phase = "reading"  // reads which runs that holder left behind
	working  phase = "working"  // claims and runs
	draining phase = "draining" // starts nothing more, and lets runs end
	stopping phase = "stopping" // runs were told to stop
	over     phase = "over"     // takes no event any more
)

// machine decides what is claimed, started, stopped and recorded in one term: events in,
// actions out. It does no I/O, starts no goroutine, reads no clock and draws no random
// number.
type machine struct {
	settings
	local   time.Duration // the local instant of the present event
	actions []action      // that follow from the present event
	phase   phase
	lost    bool // a later term has begun: nothing is written any more

	clock clock
	lease time.Duration
	jobs  map[string]*job
	order []string           // the names of jobs, sorted
	runs  map[store.Key]*run // that are claimed, or may not start yet because of their overlap
	calls calls
	claim []store.Run // the runs that are being claimed; they are claimed again until there is an answer

	newsAt  time.Duration // when is asked next for what nobody announced
	nextDue time.Time     // when the next waiting run is due; zero: none is known
	stopBy  time.Duration // stopping: the lead returns then, even if not all is recorded
}

// job is what the machine knows of a job.
type job struct {
	Job
	defined  bool      // it is in the file
	hash     string    // of the definition
	known    bool      // the store was asked whether it has a record
	record   store.Job // as it is to be stored; the zero Job if there is none
	stored   string    // the hash of the definition that is stored
	dirty    bool      // the record is to be saved
	claiming bool      // a claim of its slots is in flight
	plan     slotPlan  // claiming: what is decided when the claim is answered
	nextSlot time.Time // after the record's mark; zero: there is none
}

// run is a run that has begun and not ended.
type run struct {
	record    store.Run
	phase     runPhase
	told      bool          // it was told to stop
	cancelled bool          // because a person cancelled it
	replaced  bool          // because the next slot replaces it
	drainBy   time.Duration // while the machine drains: it is told to stop then

	// What is written of a run that is taken or recorded.
	asked   store.Version // what the update rests on
	next    store.Run     // what it writes
	writing bool          // it is in flight
	pause   time.Duration // after the last failure
	retryAt time.Duration // no other try before
}

// runPhase is where a run is.
type runPhase string

const (
	taking    runPhase = "taking"   // a waiting run is being claimed
	claimed   runPhase = "claimed"  // its attempt has not started yet
	running   runPhase = "running"  // its attempt runs
	recording runPhase = "ending"   // its attempt has ended, which is being recorded
	retrying  runPhase = "retrying" // it waits for its next attempt; the record alone says until when
)
