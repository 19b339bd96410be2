package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Config is what a scheduler needs.
type Config struct {
	Store  store.Store
	Group  string          // that of the member
	Host   string          // the name of this machine for people
	Timing registry.Timing // that of the member; zero: registry.DefaultTiming
	// MaxRuns is how many attempts run at a time; 0: DefaultMaxRuns.
	MaxRuns int
	// Deliver tells the URL of a job's OnFinish that a run has ended. After an error, again
	// says whether to try again. Nil: nobody is told.
	Deliver func(ctx context.Context, to string, r store.Run) (again bool, err error)
	// OnStart is called when an attempt is started. OnEnd is called when the end of an
	// attempt is recorded, and when a run is recorded that ended without one, because it
	// was skipped or cancelled. Both must not block. Nil: nobody is told.
	OnStart func(store.Run)
	OnEnd   func(store.Run)
	Log     zerolog.Logger
}

// Result is how an attempt ended.
type Result struct {
	End    store.AttemptEnd
	Code   int    // the exit code, if the command exited
	Remark string // what people should know about it
	Output store.Output
	Result []byte // at most store.MaxResult; what is longer is dropped, with a remark
	// Unstarted says that nothing of it was begun, for sure. If it has exited, it counts for
	// nothing then, and the run waits for another attempt.
	Unstarted bool
}

// Scheduler runs the jobs of a group while this instance is the active one. Its methods
// may be called concurrently, but Lead only once at a time.
type Scheduler struct {
	config Config

	mu    sync.Mutex
	lease time.Duration
	beats []beat // that the machine has not taken yet
	last  beat
	list  []Job
	fresh bool  // list was not taken yet
	lead  *lead // the present one, nil if there is none
	wake  chan struct{}
}

// lead is a call of Lead.
type lead struct {
	drain   bool          // it is to be drained
	drained chan struct{} // closed when nothing runs any more
	over    chan struct{} // closed when it takes no event any more
}

// New returns a scheduler of these jobs.
func New(c Config, list []Job) (*Scheduler, error) {
	switch {
	case c.Store == nil:
		return nil, errors.New("jobs: no store")
	case c.MaxRuns < 0:
		return nil, fmt.Errorf("jobs: %d runs at a time: want 1 or more", c.MaxRuns)
	case c.MaxRuns == 0:
		c.MaxRuns = DefaultMaxRuns
	}
	if c.Timing == (registry.Timing{}) {
		c.Timing = registry.DefaultTiming
	}
	if err := errors.Join(c.Timing.Check(), registry.CheckGroup(c.Group)); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	s := &Scheduler{config: c, wake: make(chan struct{}, 1)}
	var err error
	s.list, err = s.prepare(list)
	return s, err
}

// DefaultMaxRuns is how many attempts run at a time, unless a Config says something else.
const DefaultMaxRuns = 16

// maxBeats bounds the beats that wait to be taken.
const maxBeats = 2 * agreeingBeats

// Extend takes a new end of the lease, as a heartbeat.Guard does. It never blocks.
func (s *Scheduler) Extend(until time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = max(s.lease, until)
	s.rouse()
}

// Beat takes the registry's time from the answer to a beat, and when that was sent, as
// heartbeat.Config.OnTime gives them. It never blocks.
func (s *Scheduler) Beat(at time.Time, sent time.Duration) {
	received := boottime.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = beat{at, sent, received}
	if len(s.beats) < maxBeats {
		s.beats = append(s.beats, s.last)
	}
	s.rouse()
}

// Define takes other definitions of the jobs. If something is wrong with them, the
// definitions stay as they were.
func (s *Scheduler) Define(list []Job) error {
	list, err := s.prepare(list)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.fresh = list, true
	s.rouse()
	return nil
}

// Join completes the configuration of the member whose lead is s.Lead: the scheduler learns
// of the lease and of the registry's time, and its runs have their drain before an orderly
// end of a term. What OnTime, OnLease and Drain were before is called as well.
func (s *Scheduler) Join(c heartbeat.Config) heartbeat.Config {
	onTime, onLease, drain := c.OnTime, c.OnLease, c.Drain
	c.OnTime = func(at time.Time, sent time.Duration) {
		s.Beat(at, sent)
		if onTime != nil {
			onTime(at, sent)
		}
	}
	c.OnLease = func(until time.Duration) {
		s.Extend(until)
		if onLease != nil {
			onLease(until)
		}
	}
	c.Drain = func(ctx context.Context) {
		s.Drain(ctx)
		if drain != nil {
			drain(ctx)
		}
	}
	return c
}

// Drain has the present term start nothing more. Runs of jobs with a drain go on for that
// long, and the others are told to stop. It returns when nothing runs any more and all ends
// are recorded, when Lead returns, or when ctx ends; at once if there is no term. A later
// term is not drained.
func (s *Scheduler) Drain(ctx context.Context) {
	s.mu.Lock()
	l := s.lead
	if ctx.Err() != nil {
		l = nil // it was for an earlier term
	}
	if l != nil {
		l.drain = true
		s.rouse()
	}
	s.mu.Unlock()
	if l == nil {
		return
	}
	select {
	case <-l.drained:
	case <-l.over:
	case <-ctx.Done():
	}
}

// rouse wakes Lead. s.mu must be locked.
func (s *Scheduler) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// news returns what Lead has to take.
func (s *Scheduler) news() (list []event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list = append(list, extended{s.lease})
	for _, b := range s.beats {
		list = append(list, b)
	}
	s.beats = nil
	if s.fresh {
		list = append(list, redefined{s.list})
		s.fresh = false
	}
	if s.lead.drain {
		list = append(list, drain{})
	}
	return list
}
