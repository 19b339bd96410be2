package scheduler

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	// pollInterval is how often a holder asks for changes that nobody announced.
	pollInterval = 5 * time.Second
	// callTimeout bounds a call of the store.
	callTimeout = 10 * time.Second
)

// Lead runs the jobs in a term, until ctx ends and nothing runs any more. It is part of a
// heartbeat.Lead, and returns the cause of ctx.
func (s *Scheduler) Lead(ctx context.Context, t registry.Term) error {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &lead{drained: make(chan struct{}), over: make(chan struct{})}
	s.mu.Lock()
	s.beats, s.fresh, s.lead = nil, false, l
	first, list, until := s.last, s.list, s.lease
	s.mu.Unlock()
	r := &runner{
		Scheduler: s, lead: l, parent: ctx, calls: calls, events: make(chan event),
		holder:  store.Holder{Group: s.config.Group, Term: t.Number, Instance: t.Holder},
		stopped: map[store.Key]context.CancelCauseFunc{}, wills: map[store.Key]*lastwill.RunWill{},
		log: journal{log: s.config.Log},
	}
	r.machine = newMachine(settings{
		holder: r.holder, host: s.config.Host, maxRuns: s.config.MaxRuns, poll: pollInterval, pruneEvery: pruneInterval, minAge: minAge,
		stopGrace: s.config.Timing.StopGrace, killMargin: s.config.Timing.KillMargin(),
		strayEvery: strayInterval, slotPatience: slotPatience, askedPatience: askedPatience,
		newNonce: uuid.New,
		jitter:   jitter,
	}, list, until)
	defer r.wait.Wait()
	defer r.end()
	defer cancel()
	r.wait.Go(r.watch)
	if !first.at.IsZero() {
		r.take(first)
	}
	r.run()
	return context.Cause(ctx)
}

// runner does the I/O for a machine. One goroutine, the loop of run, steps the machine.
type runner struct {
	*Scheduler
	*lead
	machine *machine
	holder  store.Holder
	parent  context.Context // of the term
	calls   context.Context // of the calls of the store, which outlive parent
	events  chan event
	wait    sync.WaitGroup
	log     journal

	stopped  map[store.Key]context.CancelCauseFunc // of the attempts that run
	wills    map[store.Key]*lastwill.RunWill       // of the attempts whose end is not recorded
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
			r.take(stop{immediate: heartbeat.IsImmediate(context.Cause(r.parent))})
		}
		timer.Reset(max(r.machine.deadline()-boottime.Now(), 0))
	}
}

// end takes note that no event is taken any more.
func (r *runner) end() {
	r.mu.Lock()
	r.Scheduler.lead = nil
	r.mu.Unlock()
	close(r.over)
	for _, cancel := range r.stopped { // only after a panic are there some
		cancel(stopped{immediate: true})
	}
	for k, w := range r.wills { // the next holder decides about them
		if r.stopped[k] == nil { // a guard does not write any more how it ended
			w.Close()
		}
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
		case outcome:
			r.log.outcome(a.run)
			if r.config.OnEnd != nil {
				r.config.OnEnd(a.run)
			}
		case delivery:
			r.wait.Go(func() { r.deliver(a) })
		case note:
			r.log.note(a, boottime.Now())
		case drained:
			close(r.lead.drained)
		case finish:
			r.finished = true
		}
	}
	if answer, ok := e.(answer); ok && answer.err == nil {
		r.log.answered(string(answer.request.kind))
	}
	if _, ok := e.(redefined); ok {
		r.renewWills()
	}
	r.closeWills()
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
	ctx = lastwill.WithRun(ctx, r.will(run))
	r.log.start(run)
	if r.config.OnStart != nil {
		r.config.OnStart(run)
	}
	r.wait.Go(func() {
		result := j.Execute(ctx, run)
		r.send(attemptEnded{key: run.Key, end: result.ending()})
	})
}

// ending returns the result in the limits of a record.
func (x Result) ending() ending {
	e := ending{end: x.End, code: x.Code, remark: x.Remark, output: x.Output, result: x.Result, unstarted: x.Unstarted}
	e.output.Head = x.Output.Head[:min(len(x.Output.Head), store.MaxHead)]
	e.output.Tail = x.Output.Tail[max(0, len(x.Output.Tail)-store.MaxTail):]
	if len(x.Result) > store.MaxResult {
		e.result, e.remark = nil, "its result is larger than what can be stored"
	}
	switch x.End {
	case store.AttemptCompleted, store.AttemptFailed, store.AttemptTimedOut, store.AttemptExited, store.AttemptCancelled:
	default: // whoever executes must say how it ended
		e.end, e.remark = store.AttemptFailed, "nobody knows how it ended"
	}
	return e
}

// deliver tells a URL of the end of a run.
func (r *runner) deliver(a delivery) {
	ctx, cancel := context.WithTimeout(r.calls, deliverTime)
	defer cancel()
	e := delivered{key: a.run.Key}
	if r.config.Deliver != nil {
		e.again, e.err = r.config.Deliver(ctx, a.to, a.run)
	}
	r.send(e)
}

// watch hands on that others have changed something.
func (r *runner) watch() {
	for r.calls.Err() == nil {
		notices, err := r.config.Store.Watch(r.calls, r.holder.Group)
		if err == nil {
			for range notices {
				r.send(changed{})
			}
			r.send(changed{}) // what was announced meanwhile was missed
		}
		select {
		case <-time.After(pollInterval / 5):
		case <-r.calls.Done():
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
		a.runs, a.err = s.Open(ctx, h, q.known, q.limit)
	case kindRetrying:
		a.retrying, a.err = s.Retrying(ctx, h.Group)
	case kindRun:
		run, err := s.Run(ctx, q.key)
		if a.err = err; err == nil {
			a.stored = &run
		}
	case kindDue, kindStrays:
		a.runs, a.next, a.err = s.Due(ctx, h, q.now, q.except, q.limit)
	case kindClaim, kindChildren:
		a.there, a.err = s.Claim(ctx, h, q.runs)
	case kindUpdate:
		a.stored, a.err = s.Update(ctx, h, q.was, q.runs[0])
	case kindSave:
		a.err = s.SaveJobs(ctx, h, q.jobs)
	case kindPrune:
		a.pruned, a.err = s.Prune(ctx, h, q.key.Job, q.prunable, q.limit)
	}
	return a
}

// stopped is the cause with which the context of an attempt ends.
type stopped struct{ immediate bool }

func (s stopped) Error() string { return "the run was told to stop" }

// Immediate says whether the attempt has no grace.
func (s stopped) Immediate() bool { return s.immediate }
