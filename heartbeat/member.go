package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
)

// Config says who joins which group, and how.
type Config struct {
	Registry registry.Registry
	Group    string
	Timing   registry.Timing // zero: registry.DefaultTiming

	// What others see of this instance.
	Host     string // empty: the machine's name
	Version  string
	Priority int    // the highest takes over first
	Command  string // a hash of what it runs; peers warn when it differs

	// Standby, if set, runs while this instance is passive. It has returned
	// before the work starts, so it has to heed its context: unless it returns
	// within the stop grace, this instance leaves for a peer to take over, and
	// Run returns ErrStandby while Standby still runs.
	Standby func(ctx context.Context)

	// Guarded says that the work runs outside this process, under a guard that
	// ends it when the lease does. The guard learns of the lease by OnLease.
	Guarded bool
	// OnLease is called with each new end of the lease, an instant of a clock that
	// counts suspends: pass it to a worker.Command's Extend. It must not block.
	OnLease func(until time.Duration)

	// OnKill is called when work that was asked to stop has no time left after
	// all: another term began, or this registration is gone. It must not block.
	OnKill func()

	// OnRole is called at each change of this instance's role, OnBeat with the
	// outcome of each beat (the registration counts as one) and how long it took,
	// and OnOrphan when this instance has deleted one. They must not block.
	OnRole   func(Change)
	OnBeat   func(took time.Duration, err error)
	OnOrphan func()

	// JoinTimeout bounds the first registration; zero: none.
	JoinTimeout time.Duration

	// Log gets what happens, one line a fact; the zero value logs nothing.
	Log zerolog.Logger
}

// Lead is the work of the active instance. Its context ends, with a cause that
// says why, when it has to stop: within the stop grace, or at once if the cause
// has a method Immediate that returns true. What it touches should refuse a
// term lower than the highest it has seen.
//
// Nil means that the work is done, for the whole group: all who saw this term
// go. A [WorkExit], or any error with a method FinalExit() int, says the same with
// an exit code. [ErrWorkFailing], or an error with a method WorkFailing() bool that
// returns true, asks for a peer to try; without one, lead is called again. Any
// other error makes this instance leave, and a peer take over. So what a
// worker.Command's Run returns can be returned as it is.
type Lead func(ctx context.Context, t registry.Term) error

// WorkExit is returned by the work that came to its final end.
type WorkExit struct {
	Code int
}

// FinalExit is the exit code.
func (e *WorkExit) FinalExit() int { return e.Code }

func (e *WorkExit) Error() string { return fmt.Sprintf("work exited with %d", e.Code) }

// Member is one process's membership in a group.
type Member struct {
	config Config
	log    zerolog.Logger

	now  func() time.Duration
	exit func(code int)
	fuse func() (fuse, error)

	turn atomic.Pointer[turn]
	term atomic.Int64 // 0 while passive
}

// New checks the configuration. It does not touch the registry.
func New(c Config) (*Member, error) {
	if c.Registry == nil {
		return nil, errors.New("heartbeat: no registry")
	}
	if c.Timing == (registry.Timing{}) {
		c.Timing = registry.DefaultTiming
	}
	if err := errors.Join(registry.CheckGroup(c.Group), c.Timing.Check()); err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	if c.Host == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("heartbeat: name of this machine: %w", err)
		}
		c.Host = host
	}
	if c.Guarded && c.OnLease == nil {
		return nil, errors.New("heartbeat: Guarded without OnLease: the guard that ends the work with its lease would never learn of one")
	}
	m := &Member{config: c, now: boottime.Now, exit: os.Exit, fuse: newFuse}
	m.turn.Store(&turn{})
	m.log = c.Log.Hook(zerolog.HookFunc(m.identify))
	return m, nil
}

// Instance is the UUID under which this process is registered; uuid.Nil while it
// is not.
func (m *Member) Instance() uuid.UUID { return m.turn.Load().id }

// Term is the term that this instance works in, and 0 while it is passive.
func (m *Member) Term() int64 { return m.term.Load() }

// Logger is the configured one; each of its lines has instance, group, role and
// term, as they are when it is written.
func (m *Member) Logger() zerolog.Logger { return m.log }

// identify puts onto a line of the log who wrote it.
func (m *Member) identify(e *zerolog.Event, _ zerolog.Level, _ string) {
	role, term := registry.Passive, m.Term()
	if term > 0 {
		role = registry.Active
	}
	id := ""
	if m.Instance() != uuid.Nil {
		id = m.Instance().String()
	}
	e.Str("instance", id).Str("group", m.config.Group).Str("role", string(role)).Int64("term", term)
}
