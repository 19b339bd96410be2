package scheduler

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
)

// settings is what a machine gets when it is made. It never changes.
type settings struct {
	holder     store.Holder
	host       string
	stopGrace  time.Duration
	killMargin time.Duration                     // nothing of this term may be left that long before the end of the lease
	maxRuns    int                               // how many attempts run at a time
	poll       time.Duration                     // how often is asked for changes that nobody announced
	pruneEvery time.Duration                     // how long is between two steps of pruning
	minAge     time.Duration                     // how old a run is at least when it is pruned
	strayEvery time.Duration                     // how long is between two looks for runs of jobs that are not in the file
	newNonce   func() uuid.UUID                  // for each claim
	jitter     func(time.Duration) time.Duration // changes a pause by chance

	// For how long runs of a slot, and others, wait for their job to be in the file again.
	slotPatience, askedPatience time.Duration
}

// phase is where a machine is in its term.
type phase string

const (
	sealing  phase = "sealing"  // takes the records over from the holder before
	reading  phase = "reading"  // reads what that holder left behind
	working  phase = "working"  // claims and runs
	draining phase = "draining" // starts nothing more, and lets runs end
	stopping phase = "stopping" // runs were told to stop
	over     phase = "over"     // takes no event any more
)

// machine decides what is claimed, started, stopped and recorded in one term: events in,
// actions out. It does no I/O, starts no goroutine, reads no clock and draws no random
// number. What a step costs does not grow with the number of jobs, but where something
// about the jobs themselves changes.
type machine struct {
	settings
	local   time.Duration // the local instant of the present event
	actions []action      // that follow from the present event
	phase   phase
	lost    bool // a later term has begun: nothing is written any more
	calls   calls

	clock clock
	lease time.Duration

	jobs       map[string]*job
	order      []*job        // sorted by name, as long as jobs
	changed    bool          // records may differ from the definitions
	unsaved    int           // how many jobs are dirty
	soonest    time.Time     // no job that may run has a slot before; zero: to be reckoned
	pruneNext  int           // which job's runs are pruned next, in the order of names
	pruneAt    time.Duration // when
	strayAt    time.Duration // when runs of jobs that are not in the file are looked for next
	straySlots bool          // the last time those of slots were
	newsAt     time.Duration // when is asked next for what nobody announced

	runs    map[store.Key]*run // what there is to do about runs in this term
	list    []*run             // the same, in the order in which they came
	busy    int                // how many of them have a place; see runPhase.busy
	dropped map[store.Key]bool // runs that were done with while the open runs were read

	claim   []store.Run                  // the runs that are being claimed; they are claimed again until there is an answer
	planned []*job                       // whose slots they are
	early   map[store.Key]*store.Request // to cancel runs whose claim has no answer yet

	nextDue time.Time // when the next waiting run is due; zero: none is known
	backlog bool      // runs are due that had no place
	ahead   []*job    // jobs whose next runs are known
	stale   bool      // since the runs that are due were asked for, others may have come

	held   []*job             // jobs that a run of theirs holds up
	verify []store.Key        // runs of which it is to be read when their next attempt is due
	broken map[store.Key]bool // runs that wait for it, and cannot be understood

	drained   bool          // it was said that nothing runs any more, or that there is no use in waiting
	drainedBy time.Duration // draining: whatever runs then does not stop, and what is not recorded then cannot be
	stopAt    time.Duration // stopping: since when
	hurry     bool          // stopping: at once
	endedAt   time.Duration // when the last attempt ended
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
	mark     time.Time // claiming: up to here everything is decided then
	replaced time.Time // claiming: the slot that replaces the runs that have begun; zero: none does
	nextSlot time.Time // after the record's mark; zero: there is none

	busy    int  // how many runs of it have a place
	retries      // that wait
	held    bool // what waits of it cannot start before something of it has ended
	ahead   ahead
}

// run is a run that there is something to do about in this term.
type run struct {
	record    store.Run
	phase     runPhase
	told      bool          // it was told to stop
	cancelled bool          // because a person cancelled it
	replaced  time.Time     // because this slot replaces it; zero: none does
	drainBy   time.Duration // while the machine drains: it is told to stop then

	// What an update of its record writes.
	asked   store.Version // what the update rests on
	next    store.Run     // what it writes
	writing bool          // it is in flight
	pause   time.Duration // after the last failure
	retryAt time.Duration // no other try before
	sending bool          // its on_finish is being told
}

// runPhase is what there is to do about a run.
type runPhase string

const (
	taking    runPhase = "taking"    // it waited, and is being claimed
	claimed   runPhase = "claimed"   // its attempt has not started yet
	running   runPhase = "running"   // its attempt runs
	recording runPhase = "recording" // its attempt has ended, which is being recorded
	settling  runPhase = "settling"  // it waited, and its end without an attempt is being recorded
	following runPhase = "following" // it has ended, and the runs that follow are being claimed
	// delivering: it has ended, and its job's on_finish is being told.
	delivering runPhase = "delivering"
	closing    runPhase = "closing" // all of that is done, which is being recorded
)

// busy reports whether a run has one of the places of those that run at a time.
func (p runPhase) busy() bool {
	return p == taking || p == claimed || p == running || p == recording
}

// writes reports whether the record of a run is to be updated.
func (p runPhase) writes() bool {
	return p == taking || p == recording || p == settling || p == closing
}

// add takes a run up in a phase.
func (m *machine) add(r *run, p runPhase) {
	m.runs[r.record.Key] = r
	m.list = append(m.list, r)
	m.move(r, p)
}

// move changes the phase of a run.
func (m *machine) move(r *run, p runPhase) {
	was := r.phase.busy()
	r.phase = p
	if j := m.job(r.record.Job); was != p.busy() {
		if was {
			m.busy, j.busy = m.busy-1, j.busy-1
		} else {
			m.busy, j.busy = m.busy+1, j.busy+1
		}
	}
}

// drop forgets a run about which all is done.
func (m *machine) drop(r *run) {
	m.move(r, "")
	delete(m.runs, r.record.Key)
	for i, other := range m.list {
		if other == r {
			m.list = append(m.list[:i], m.list[i+1:]...)
			break
		}
	}
	if m.calls.of(kindOpen).inFlight {
		m.dropped[r.record.Key] = true
	}
}

// free returns how many more attempts may be started.
func (m *machine) free() int { return m.maxRuns - m.busy }
