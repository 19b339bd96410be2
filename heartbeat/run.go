package heartbeat

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

// exitStuck is the exit code of a process whose work would not stop.
const exitStuck = 70

// Run joins the group and beats until ctx ends or the work is over. While this
// instance is active it calls lead, once per term, or again after
// [ErrWorkFailing].
//
// When ctx ends, Run tells the work to stop, waits for it to be gone, ends the
// term, unregisters, and returns nil. Otherwise it returns what lead returned,
// after the same steps; a [*WorkDoneError] when a peer has done the work; an
// error that wraps [ErrUnreachable] when the registry did not answer within the
// JoinTimeout, or one that wraps [registry.ErrRefused] when it refused to register
// this instance, then or after a lost lease; [ErrStandby] when the passive side did not return within the stop
// grace. Work in this process that does not stop by the end of its lease or the
// stop grace takes the process with it: exit code 70.
func (m *Member) Run(ctx context.Context, lead Lead) error {
	f, err := m.layFuse()
	if err != nil {
		return err
	}
	defer f.Close()
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &shell{
		Member: m, lead: lead, fuse: f, parent: ctx, calls: calls,
		events: make(chan event), over: make(chan struct{}), stood: make(chan struct{}),
		machine: newMachine(settings{
			self: registry.Instance{
				Group: m.config.Group, Host: m.config.Host, PID: os.Getpid(), Version: m.config.Version,
				Priority: m.config.Priority, Command: m.config.Command,
			},
			timing: m.config.Timing, guarded: m.config.Guard != nil, standby: m.config.Standby != nil, joinTimeout: m.config.JoinTimeout,
			newID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) },
		}, m.now()),
	}
	close(s.stood)
	err = s.run()
	m.turn.Store(&turn{beat: m.turn.Load().beat, leaving: true})
	close(s.over)
	cancel()
	s.wait.Wait()
	if !errors.Is(err, ErrStandby) { // it had its time
		if late := s.awaitStandby(context.Background(), s.standDown()); err == nil {
			err = late
		}
	}
	return err
}

// shell owns the goroutines, the timers and the calls around a machine. One
// goroutine steps the machine. Nothing that it does waits for the registry or for
// the work; should writing the log block it, the fuse or the guard holds.
type shell struct {
	*Member
	machine *machine
	lead    Lead
	fuse    fuse

	parent context.Context // the caller's
	calls  context.Context // of the calls to the registry: outlives parent
	events chan event
	over   chan struct{} // closed when no event is taken any more
	wait   sync.WaitGroup

	stop    context.CancelCauseFunc // of the work that runs
	asked   bool                    // it was called
	standby context.CancelFunc
	stood   chan struct{} // closed when the passive side has returned

	told     int64 // the term that others were told of by OnRole; 0: passive
	finished bool
	err      error
}

func (s *shell) run() error {
	s.wait.Go(s.watch)
	timer := time.NewTimer(0)
	defer timer.Stop()
	left := s.parent.Done()
	for !s.finished {
		var e event
		select {
		case e = <-s.events:
		case <-timer.C:
			e = tick{}
		case <-left:
			e, left = leave{}, nil
		}
		if _, gone := e.(workGone); gone {
			s.gone()
		}
		actions := s.machine.step(s.now(), e)
		s.turned(e)
		for _, a := range actions {
			s.perform(a)
		}
		s.standUp()
		timer.Reset(s.machine.deadline() - s.now())
	}
	return s.err
}

// send hands an event to the loop, unless it is over.
func (s *shell) send(e event) {
	select {
	case s.events <- e:
	case <-s.over:
	}
}

func (s *shell) perform(a action) {
	switch a := a.(type) {
	case call:
		s.wait.Go(func() { s.send(s.carryOut(a)) })
	case extend:
		if s.config.Guard != nil {
			s.config.Guard.Extend(a.until)
		}
		if s.stop != nil {
			_ = s.arm(a.until) // failing, it stays armed for the end before
		}
	case awaitStandby:
		s.askStandby(a.term)
	case startWork:
		s.start(a.term)
	case stopWork:
		s.stopWork(a)
	case note:
		s.tell(a)
	case finish:
		s.finished, s.err = true, a.err
	case abort:
		s.finished, s.err = true, a.err
		s.log.WithLevel(zerolog.FatalLevel).Err(a.err).Msg("exiting at once")
		s.exit(exitStuck)
	}
}

// carryOut makes a call within its timeout, whether the registry heeds the
// context or not.
func (s *shell) carryOut(c call) answer {
	ctx, cancel := context.WithTimeout(s.calls, c.timeout)
	defer cancel()
	made := make(chan answer, 1)
	go func() { made <- c.do(ctx, s.config.Registry, s.config.Group) }()
	var a answer
	begin := time.Now()
	select {
	case a = <-made:
	case <-ctx.Done():
		a = answer{call: c, err: context.Cause(ctx)}
	}
	s.log.Debug().Stringer("took", time.Since(begin)).Err(a.err).Msg(string(c.kind))
	return a
}
