package heartbeat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

// flaky is a store whose calls can be made to hang, fail or lose their answers.
type flaky struct {
	*store
	mu   sync.Mutex
	rule func(k kind, in registry.Instance) fate
}

type fate int

const (
	fine   fate = iota
	hung        // never applied, never answered
	broke       // not applied, an error
	lost        // applied, an error
	slow        // applied at once, answered eight seconds later
	void        // not applied, and said to be
	spoilt      // answered by a record that cannot be read
)

var errNetwork = errors.New("network")

func (f *flaky) set(rule func(k kind, in registry.Instance) fate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule = rule
}

func (f *flaky) suffer(ctx context.Context, k kind, id uuid.UUID, apply func() error) error {
	f.mu.Lock()
	rule := f.rule
	f.mu.Unlock()
	what := fine
	if rule != nil {
		f.store.mu.Lock()
		in := f.store.instances[id]
		f.store.mu.Unlock()
		in.ID = id
		what = rule(k, in)
	}
	switch what {
	case hung:
		<-ctx.Done()
		return ctx.Err()
	case broke:
		return errNetwork
	case lost:
		_ = apply()
		return errNetwork
	case void:
		return nil
	case spoilt:
		return fmt.Errorf("%w: beat is missing", registry.ErrCorrupt)
	case slow:
		defer time.Sleep(8 * time.Second)
	}
	return apply()
}

func (f *flaky) Register(ctx context.Context, in registry.Instance) (at time.Time, err error) {
	err = f.suffer(ctx, callRegister, in.ID, func() (err error) { at, err = f.store.Register(ctx, in); return err })
	return at, err
}

func (f *flaky) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (at time.Time, err error) {
	err = f.suffer(ctx, callBeat, id, func() (err error) { at, err = f.store.Beat(ctx, id, s); return err })
	return at, err
}

func (f *flaky) View(ctx context.Context, group string) (v registry.View, err error) {
	err = f.suffer(ctx, callView, uuid.Nil, func() (err error) { v, err = f.store.View(ctx, group); return err })
	return v, err
}

func (f *flaky) BeginTerm(ctx context.Context, t registry.Term) error {
	return f.suffer(ctx, callBeginTerm, t.Holder, func() error { return f.store.BeginTerm(ctx, t) })
}

func (f *flaky) EndTerm(ctx context.Context, group string, n int64, holder uuid.UUID, end registry.End) error {
	return f.suffer(ctx, callEndTerm, holder, func() error { return f.store.EndTerm(ctx, group, n, holder, end) })
}

func (f *flaky) Unregister(ctx context.Context, id uuid.UUID) error {
	return f.suffer(ctx, callUnregister, id, func() error { return f.store.Unregister(ctx, id) })
}

func (f *flaky) Silent(ctx context.Context, group string, before time.Time) (list []registry.Instance, err error) {
	err = f.suffer(ctx, callSilent, uuid.Nil, func() (err error) { list, err = f.store.Silent(ctx, group, before); return err })
	return list, err
}

// stage is a group inside a synctest bubble.
type stage struct {
	t     *testing.T
	reg   *flaky
	start time.Time
}

func newStage(t *testing.T) *stage {
	return &stage{t: t, start: time.Now(), reg: &flaky{store: newStore(time.Now)}}
}

// actor is a member on the stage, and what became of it.
type actor struct {
	*Member
	leave  context.CancelFunc
	done   chan struct{}
	err    error
	exited chan int
	log    *journal

	mu      sync.Mutex
	working registry.Term
	cause   error
	ignores atomic.Bool   // work that does not heed its context
	release chan struct{} // lets it go after all
	result  chan error    // makes the work return
}

func (s *stage) join(change ...func(*Config)) *actor {
	s.t.Helper()
	a := &actor{
		done: make(chan struct{}), exited: make(chan int, 1), log: new(journal),
		release: make(chan struct{}), result: make(chan error),
	}
	c := Config{Registry: s.reg, Group: "g", Host: "host", Log: zerolog.New(a.log).Level(zerolog.InfoLevel)}
	for _, f := range change {
		f(&c)
	}
	m, err := New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	m.now = func() time.Duration { return time.Since(s.start) + time.Hour }
	m.fuse = func() (fuse, error) { return noFuse{}, nil }
	m.exit = func(code int) { a.exited <- code; close(a.release) }
	a.Member = m
	ctx, cancel := context.WithCancel(s.t.Context())
	a.leave = cancel
	go func() {
		defer close(a.done)
		a.err = m.Run(ctx, a.lead)
	}()
	return a
}

// joinFirst is join of one that finds an empty group, and waits until it works.
func (s *stage) joinFirst(change ...func(*Config)) *actor {
	s.t.Helper()
	a := s.join(change...)
	s.until(time.Second, "works", func() bool { return a.works() == 1 })
	return a
}

func (a *actor) lead(ctx context.Context, t registry.Term) error {
	a.mu.Lock()
	a.working = t
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.working, a.cause = registry.Term{}, context.Cause(ctx)
		a.mu.Unlock()
	}()
	if a.ignores.Load() {
		<-a.release
		return nil
	}
	select {
	case err := <-a.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *actor) works() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.working.Number
}

func (a *actor) stopped() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cause
}

// journal is a log that may be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// until advances the bubble's time to the first instant, in steps of a tenth of
// a second, at which ok holds, and returns how long that took.
func (s *stage) until(limit time.Duration, what string, ok func() bool) time.Duration {
	s.t.Helper()
	begin := time.Now()
	for {
		synctest.Wait()
		if ok() {
			return time.Since(begin)
		}
		if time.Since(begin) > limit {
			s.t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// always checks a condition for a span of the bubble's time.
func (s *stage) always(span time.Duration, what string, ok func() bool) {
	s.t.Helper()
	for begin := time.Now(); time.Since(begin) < span; time.Sleep(100 * time.Millisecond) {
		synctest.Wait()
		if !ok() {
			s.t.Fatalf("after %v no longer: %s", time.Since(begin), what)
		}
	}
}

func (s *stage) leaveAll(actors ...*actor) {
	s.t.Helper()
	for _, a := range actors {
		a.leave()
		<-a.done
	}
}
