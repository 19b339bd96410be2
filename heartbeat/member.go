package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
)

// Config says which group to join, as whom, and how.
type Config struct {
	Registry registry.Registry
	Group    string
	Timing   registry.Timing // zero: registry.DefaultTiming

	// What others see of this instance.
	Host     string // empty: the name of this machine
	Version  string
	Priority int    // the highest takes over first
	Command  string // a hash of what it runs; peers warn when it differs

	// Standby, if set, runs while this instance is passive. Its context ends at a
	// promotion, and the work starts once it has returned. If it does not return
	// within the stop grace, this instance leaves so that a peer takes over, and Run
	// returns ErrStandby although Standby still runs.
	Standby func(ctx context.Context)

	// Drain, if set, lets the work finish before an orderly end of its term. It is called
	// when the context of Run ends, or a handover is asked for, while this instance works,
	// and once in a term at most. Until it returns, the instance stays active: it beats,
	// keeps its lease and its term, and the context of the work goes on. Then the work is
	// told to stop, as without a Drain. Drain limits itself, since nothing else does.
	//
	// The context of Drain ends when there is nothing left to wait for: when the work has
	// returned, or is told to stop for another reason (its lease runs out, another term
	// has begun, this registration is gone, StopNow was called). Drain must return then.
	// If it does not, and the next one is due, the work is stopped without a drain.
	Drain func(ctx context.Context)

	// Guard ends the work when the lease ends, for work that runs outside this
	// process. A *worker.Command is one. Nil: the work runs in this process, which a
	// timer of the kernel ends with the lease.
	Guard Guard

	// OnRole is called at each change of this instance's role. OnBeat is called with
	// the outcome of each beat and how long it took; a registration counts as a beat.
	// OnTime is called with the registry's time from the answer to a beat, and with the
	// local instant at which that beat was sent, on the clock of Guard.Extend. OnLease is
	// called with the latest end of the lease, as Guard.Extend is. OnOrphan is called when
	// this instance has deleted an orphan. They are called in the loop that beats, so they
	// must not block.
	OnRole   func(Change)
	OnBeat   func(took time.Duration, err error)
	OnTime   func(at time.Time, sent time.Duration)
	OnLease  func(until time.Duration)
	OnOrphan func()

	// JoinTimeout bounds how long the first registration is tried; zero: for ever.
	JoinTimeout time.Duration

	// Log gets one line for each thing that happens; the zero value logs nothing.
	// New adds who writes it to each line, unless Author is set.
	Log zerolog.Logger
	// Author, if set, is a hook that Log has already. The member fills it in.
	Author *Author
}

// Guard ends work that runs outside the process of its member. Its methods are
// called in the loop that beats, so they must not block.
type Guard interface {
	// Extend tells the guard the latest end of the lease. It is an instant of a local
	// clock that goes on while the machine is suspended (on Linux CLOCK_BOOTTIME).
	// Extend is called with every acknowledged beat, while this instance is passive
	// too, so the guard knows the lease before the work starts. The guard tells the
	// work to stop one stop grace before the end, and has killed it by the end, even
	// if the member's process is frozen or gone by then.
	Extend(until time.Duration)
	// Kill kills work that was asked to stop before and has no time left now: another
	// term began, this registration is gone, or the lease has ended.
	Kill()
}

// Member is one process's membership in a group.
type Member struct {
	config Config
	log    zerolog.Logger

	now          func() time.Duration
	exit         func(code int)
	newKillTimer func() (killTimer, error)

	published atomic.Pointer[published]
	term      atomic.Int64 // 0 while passive
	stopNow   context.CancelFunc
	atOnce    context.Context // ends with StopNow
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
	if v := reflect.ValueOf(c.Guard); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("heartbeat: Guard is a nil pointer: want a guard, or no Guard for work in this process")
	}
	if c.Author != nil && c.Author.group != c.Group {
		return nil, fmt.Errorf("heartbeat: the author is of the group %q, want %q", c.Author.group, c.Group)
	}
	m := &Member{config: c, log: c.Log, now: boottime.Now, exit: os.Exit, newKillTimer: newKillTimer}
	m.published.Store(&published{})
	m.atOnce, m.stopNow = context.WithCancel(context.Background())
	author := c.Author
	if author == nil {
		author = NewAuthor(c.Group)
		m.log = c.Log.Hook(author)
	}
	author.member.Store(m)
	return m, nil
}

// Instance returns the UUID under which this process is registered, and uuid.Nil while
// it is not registered.
func (m *Member) Instance() uuid.UUID { return m.published.Load().id }

// Term returns the term that this instance works in, and 0 while it is passive.
func (m *Member) Term() int64 { return m.term.Load() }

// Logger returns the configured logger. Each of its lines has the instance, the group,
// the role and the term at the instant at which it was written.
func (m *Member) Logger() zerolog.Logger { return m.log }
