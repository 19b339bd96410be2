package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/registry"
)

// Run joins the group and beats until ctx ends or the work is over. While this instance
// is active it calls lead, once per term, or again after [ErrWorkFailing].
//
// When ctx ends, Run lets the work drain if there is a Drain, tells it to stop, waits until
// it is gone, ends the term, unregisters, and returns nil. If the cause of ctx is an
// [Immediate] one, or after [Member.StopNow], nothing drains and the work has to stop at
// once. Otherwise Run takes the same steps and returns
//
//   - what lead returned,
//   - a [*WorkDoneError] when a peer has done the work,
//   - an error that wraps [ErrUnreachable] when the registry did not answer within the
//     JoinTimeout,
//   - an error that wraps [registry.ErrRefused] when the registry refused to register
//     this instance, at the start or after a lost lease, or
//   - [ErrStandby] when the passive side did not return within the stop grace.
//
// If work in this process does not stop by the end of its lease or of the stop grace,
// the process exits with code 70.
func (m *Member) Run(ctx context.Context, lead Lead) error {
	if lastwill.Executing() {
		return fmt.Errorf("heartbeat: %w", lastwill.ErrExecuting)
	}
	timer, err := m.openKillTimer()
	if err != nil {
		return err
	}
	defer timer.Close()
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := newRunner(m, lead, timer, ctx, requests)
	err = r.run()
	r.will.Close() // not deferred: after a panic there is a last will
	m.published.Store(&published{beat: m.published.Load().beat, leaving: true})
	close(r.over)
	cancel()
	r.wait.Wait()
	r.awaitDrain()
	if errors.Is(err, ErrStandby) { // the passive side had its time
		return err
	}
	if late := r.awaitStandby(context.Background(), r.stopStandby()); err == nil {
		err = late
	}
	return err
}

// settings returns what the member's machine needs to know.
func (m *Member) settings() settings {
	c := m.config
	return settings{
		self: registry.Instance{
			Group: c.Group, Host: c.Host, PID: os.Getpid(), Version: c.Version, Priority: c.Priority, Command: c.Command,
		},
		timing: c.Timing, guarded: c.Guard != nil, standby: c.Standby != nil, drainable: c.Drain != nil, joinTimeout: c.JoinTimeout,
		newID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) },
	}
}
