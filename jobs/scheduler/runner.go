package scheduler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Config is what a scheduler needs.
type Config struct {
	Store  store.Store
	Group  string
	Host   string
	Timing registry.Timing
	// MaxRuns is how many attempts run at a time.
	MaxRuns int
	// Execute runs an attempt, and returns when nothing of it is left. When ctx ends, it
	// stops the attempt: within its grace, or at once if the cause is a heartbeat.Immediate
	// that says true.
	Execute func(ctx context.Context, j Job, r store.Run) Result
	Log     zerolog.Logger
}

// Result is how an attempt ended.
type Result struct {
	End    store.AttemptEnd
	Code   int
	Remark string
	Output store.Output
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
	fresh bool          // list was not taken yet
	wake  chan struct{} // has a value when something is to be taken
}

// New returns a scheduler of these jobs.
func New(c Config, list []Job) (*Scheduler, error) {
	switch {
	case c.Store == nil:
		return nil, errors.New("jobs: no store")
	case c.Execute == nil:
		return nil, errors.New("jobs: nothing that executes runs")
	case c.MaxRuns < 1:
		return nil, fmt.Errorf("jobs: %d runs at a time: want 1 or more", c.MaxRuns)
	}
	return &Scheduler{config: c, list: list, wake: make(chan struct{}, 1)}, nil
}

// maxBeats bounds the beats that wait to be taken.
const maxBeats = 2 * agreeingBeats

// Extend takes a new end of the lease, as a heartbeat.Guard does. It never blocks.
func (s *Scheduler) Extend(until time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = max(s.lease, until)
	s.rouse()
}

// Beat takes the registry's time from the answer to a beat, and when that was sent. It
// never blocks.
func (s *Scheduler) Beat(at time.Time, sent time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = beat{at, sent}
	if len(s.beats) < maxBeats {
		s.beats = append(s.beats, s.last)
	}
	s.rouse()
}

// Define takes other definitions of the jobs.
func (s *Scheduler) Define(list []Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.fresh = list, true
	s.rouse()
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
	return list
}

// Lead runs the jobs in a term, until ctx ends and nothing runs any more. It is part of a
// heartbeat.Lead, and returns the cause of ctx.
func (s *Scheduler) Lead(ctx context.Context, t registry.Term) error {
	s.mu.Lock()
	s.beats, s.fresh = nil, false
	first, list, lease := s.last, s.list, s.lease
	s.mu.Unlock()

	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &runner{
		Scheduler: s, parent: ctx, calls: calls, events: make(chan event), over: make(chan struct{}),
		holder:  store.Holder{Group: s.config.Group, Term: t.Number, Instance: t.Holder},
		stopped: map[store.Key]context.CancelCauseFunc{},
	}
	r.machine = newMachine(settings{
		holder: r.holder, host: s.config.Host, stopGrace: s.config.Timing.StopGrace, maxRuns: s.config.MaxRuns, poll: pollInterval,
		newNonce: uuid.New,
		jitter:   func(d time.Duration) time.Duration { return d + rand.N(d/5+1) },
	}, list, lease)
	defer r.wait.Wait()
	defer close(r.over)
	defer cancel()
	r.wait.Go(r.watch)
	if !first.at.IsZero() {
		r.take(first)
	}
	r.run()
	return context.Cause(ctx)
}

const (
	// pollInterval is how often a holder asks for changes that nobody announced.
	pollInterval = 5 * time.Second
	// callTimeout bounds a call of the store.
	callTimeout = 10 * time.Second
)

// runner does the I/O for a machine. One goroutine, the loop of run, steps the machine.
type runner struct {
	*Scheduler
	machine *machine
	holder  store.Holder
	parent  context.Context // of the term
	calls   context.Context // of the calls of the store, which outlive parent
	events  chan event
	over    chan struct{} // closed when no event is taken any more
	wait    sync.WaitGroup

	stopped  map[store.Key]context.CancelCauseFunc // of the attempts that run
	finished bool
}

func (r *runner) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	order := r.parent.Done()
	for !r.finished {
		select {
		case e := <-r.events:
			r.take(e)
		case <-r.wake:
			for _, e := range r.news() {
				r.take(e)
			}
		case <-timer.C:
			r.take(tick{})
		case <-order:
			order = nil
			r.take(stop{immediate: isImmediate(context.Cause(r.parent))})
		}
		timer.Reset(max(r.machine.deadline()-boottime.Now(), 0))
	}
}

// take steps the machine with an event, and carries out what follows.
func (r *runner) take(e event) {
	if end, ok := e.(attemptEnded); ok {
		if cancel := r.stopped[end.key]; cancel != nil {
			cancel(nil)
			delete(r.stopped, end.key)
		}
	}
	for _, a := range r.machine.step(boottime.Now(), e) {
		switch a := a.(type) {
		case request:
			r.wait.Go(func() { r.send(r.ask(a)) })
		case startAttempt:
			r.start(a.run)
		case stopAttempt:
			if cancel := r.stopped[a.key]; cancel != nil {
				cancel(stopped{a.immediate})
			}
		case note:
			r.write(a)
		case finish:
			r.finished = true
		}
	}
}

// send hands an event to the loop, unless the loop is over.
func (r *runner) send(e event) {
	select {
	case r.events <- e:
	case <-r.over:
	}
}

// start starts an attempt.
func (r *runner) start(run store.Run) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.parent))
	r.stopped[run.Key] = cancel
	j := r.machine.jobs[run.Job].Job
	r.wait.Go(func() {
		result := r.config.Execute(ctx, j, run)
		r.send(attemptEnded{
			key: run.Key, out: result.Output,
			end: ending{end: result.End, code: result.Code, remark: result.Remark},
		})
	})
}

// watch hands on that others have changed something.
func (r *runner) watch() {
	ctx, cancel := context.WithCancel(r.calls)
	defer cancel()
	go func() {
		select {
		case <-r.over:
		case <-ctx.Done():
		}
		cancel()
	}()
	for ctx.Err() == nil {
		notices, err := r.config.Store.Watch(ctx, r.holder.Group)
		if err != nil {
			select {
			case <-time.After(pollInterval):
			case <-ctx.Done():
			}
			continue
		}
		for range notices {
			r.send(changed{})
		}
	}
}

// ask calls the store.
func (r *runner) ask(q request) (a answer) {
	ctx, cancel := context.WithTimeout(r.calls, callTimeout)
	defer cancel()
	a.request = q
	s, h := r.config.Store, r.holder
	switch q.kind {
	case kindSeal:
		a.jobs, a.err = s.Seal(ctx, h)
	case kindJobs:
		a.jobs, a.err = s.Jobs(ctx, h.Group)
	case kindOpen:
		a.runs, a.err = s.Open(ctx, h.Group, store.MaxPage)
	case kindDue:
		a.runs, a.next, a.err = s.Due(ctx, h.Group, q.now, store.MaxPage)
	case kindClaim:
		a.there, a.err = s.Claim(ctx, h, q.runs)
	case kindUpdate:
		a.stored, a.err = s.Update(ctx, h, q.was, q.runs[0])
	case kindSave:
		for _, j := range q.jobs {
			if err := s.SaveJob(ctx, h, j); err != nil {
				a.err = err
			}
		}
	}
	return a
}

// write logs a fact.
func (r *runner) write(n note) {
	e := r.config.Log.Info()
	if n.err != nil {
		e = r.config.Log.Warn().Err(n.err)
	}
	if n.run != (store.Key{}) {
		e = e.Str("run", n.run.String())
	}
	if n.job != "" {
		e = e.Str("job", n.job)
	}
	if n.text != "" {
		e = e.Str("what", n.text)
	}
	e.Msg(string(n.fact))
}

// stopped is the cause with which the context of an attempt ends.
type stopped struct{ immediate bool }

func (s stopped) Error() string { return "the run was told to stop" }

// Immediate implements heartbeat.Immediate.
func (s stopped) Immediate() bool { return s.immediate }

func isImmediate(cause error) bool {
	var immediate interface{ Immediate() bool }
	return errors.As(cause, &immediate) && immediate.Immediate()
}
