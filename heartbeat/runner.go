package heartbeat

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/lastwill"
)

// runner does the I/O for a machine: it owns the goroutines, the timers and the
// requests to the registry. One goroutine, the loop of run, steps the machine and
// writes the runner's fields. It waits neither for the registry nor for the work.
// Should writing the log block it, the kill timer or the guard ends the work in time.
type runner struct {
	*Member
	machine   *machine
	lead      Lead
	killTimer killTimer
	will      *lastwill.Will

	parent   context.Context // the caller's
	requests context.Context // of the requests to the registry, which outlive parent
	events   chan event
	over     chan struct{} // closed when no event is taken any more
	wait     sync.WaitGroup

	stop          context.CancelCauseFunc // of the work that runs; nil: none runs
	stopped       bool                    // stop was called
	cancelStandby context.CancelFunc      // of the passive side that runs; nil: none runs
	standbyDone   chan struct{}           // closed when the passive side has returned
	cancelDrain   context.CancelFunc      // of the drain that goes on
	drainDone     chan struct{}           // closed when the latest drain has returned
	unlisten      context.CancelFunc      // ends the present listening to the bell; nil: there is none
	noWatch       atomic.Bool             // the registry does not announce changes, and it was logged
	polls         atomic.Bool             // it was logged that this instance polls for now

	announcedTerm int64 // the term that OnRole was called for last; 0: it was called for a passive role
	finished      bool
	err           error
}

func newRunner(m *Member, lead Lead, timer killTimer, parent, requests context.Context) *runner {
	r := &runner{
		Member: m, machine: newMachine(m.settings(), m.now()), lead: lead, killTimer: timer,
		will:   lastwill.Open(m.config.Group, m.config.Timing.OrphanAfter),
		parent: parent, requests: requests,
		events: make(chan event), over: make(chan struct{}), standbyDone: make(chan struct{}), drainDone: make(chan struct{}),
	}
	close(r.standbyDone)
	close(r.drainDone)
	return r
}

// run steps the machine with each event until it is finished.
func (r *runner) run() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	order, atOnce := r.parent.Done(), r.atOnce.Done()
	for !r.finished {
		var e event
		select {
		case e = <-r.events:
		case <-timer.C:
			e = tick{}
		case <-order:
			e, order = leave{immediate: IsImmediate(context.Cause(r.parent))}, nil
		case <-atOnce:
			e, atOnce = leave{immediate: true}, nil
		}
		if _, gone := e.(workGone); gone {
			r.workGone()
		}
		actions := r.machine.step(r.now(), e)
		r.publish(e)
		for _, a := range actions {
			r.perform(a)
		}
		r.startStandby()
		timer.Reset(r.machine.deadline() - r.now())
	}
	return r.err
}

// send hands an event to the loop, unless the loop is over.
func (r *runner) send(e event) {
	select {
	case r.events <- e:
	case <-r.over:
	}
}

// perform carries an action out, without waiting for anything.
func (r *runner) perform(a action) {
	switch a := a.(type) {
	case request:
		if b, ok := a.bequest(); ok {
			if err := r.will.Name(b.instance, b.term); err != nil {
				r.log.Warn().Err(err).Msg("this instance has no last will, so peers wait if it is killed")
			}
		}
		r.ask(a)
	case extend:
		if r.config.Guard != nil {
			r.config.Guard.Extend(a.until)
		}
		if r.config.OnLease != nil {
			r.config.OnLease(a.until)
		}
		if r.stop != nil {
			_ = r.arm(a.until) // if that fails, the timer stays armed for the end before
		}
	case listen:
		r.listen(a.number)
	case awaitStandby:
		r.askStandby(a.term)
	case startWork:
		r.startWork(a.term)
	case startDrain:
		r.startDrain(a.number)
	case endDrain:
		r.cancelDrain()
	case stopWork:
		r.stopWork(a)
	case note:
		r.write(a)
	case finish:
		r.finished, r.err = true, a.err
	case abort:
		r.finished, r.err = true, a.err
		r.log.WithLevel(zerolog.FatalLevel).Err(a.err).Msg("exiting at once")
		r.exit(exitcode.Stuck)
	}
}

// ask sends a request to the registry. Its answer becomes an event within the timeout of the
// request, even if the registry ignores the context: then nobody waits for the call any more.
func (r *runner) ask(q request) {
	ctx, cancel := context.WithTimeout(r.requests, q.timeout)
	var first sync.Once
	begin := time.Now()
	r.wait.Add(1)
	deliver := func(a answer) {
		first.Do(func() {
			defer r.wait.Done()
			r.log.Debug().Stringer("took", time.Since(begin)).Err(a.err).Msg(string(q.kind))
			r.send(a)
		})
	}
	stop := context.AfterFunc(ctx, func() { deliver(answer{request: q, err: context.Cause(ctx)}) })
	go func() {
		defer cancel()
		a := q.do(ctx, r.config.Registry, r.config.Group)
		stop()
		deliver(a)
	}()
}
