package heartbeat

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

// scenario is a group of members inside a synctest bubble.
type scenario struct {
	t         *testing.T
	reg       *flaky
	start     time.Time
	killTimer killTimer // of the members that join
	ignoring  bool      // the work of the members that join ignores its context
}

func newScenario(t *testing.T) *scenario {
	return &scenario{t: t, start: time.Now(), reg: &flaky{store: newStore(time.Now)}, killTimer: noKillTimer{}}
}

// testMember is a member of the scenario, and what became of it.
type testMember struct {
	*Member
	leave  context.CancelFunc
	done   chan struct{}
	err    error
	exited chan int
	log    *logBuffer

	mu      sync.Mutex
	working registry.Term
	cause   error
	ignores atomic.Bool   // the work ignores its context
	release chan struct{} // makes it return after all
	result  chan error    // makes the work return
}

func (s *scenario) join(change ...func(*Config)) *testMember {
	s.t.Helper()
	a := &testMember{
		done: make(chan struct{}), exited: make(chan int, 1), log: new(logBuffer),
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
	m.newKillTimer = func() (killTimer, error) { return s.killTimer, nil }
	m.exit = func(code int) { a.exited <- code; close(a.release) }
	a.Member = m
	a.ignores.Store(s.ignoring)
	ctx, cancel := context.WithCancel(s.t.Context())
	a.leave = cancel
	go func() {
		defer close(a.done)
		a.err = m.Run(ctx, a.lead)
	}()
	return a
}

// fakeGuard notes what a guard is told.
type fakeGuard struct {
	mu    sync.Mutex
	until time.Duration // the latest end of the lease
	kills int
}

func (g *fakeGuard) Extend(until time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until = until
}

func (g *fakeGuard) Kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kills++
}

func (g *fakeGuard) told() (until time.Duration, kills int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.until, g.kills
}

// underGuard lets a guard end the work of a member.
func underGuard(g Guard) func(*Config) { return func(c *Config) { c.Guard = g } }

// joinFirst lets a member join an empty group, and waits until it works.
func (s *scenario) joinFirst(change ...func(*Config)) *testMember {
	s.t.Helper()
	a := s.join(change...)
	s.until(time.Second, "works", func() bool { return a.works() == 1 })
	return a
}

func (a *testMember) lead(ctx context.Context, t registry.Term) error {
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

func (a *testMember) works() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.working.Number
}

func (a *testMember) stopped() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cause
}

// gone reports whether the Run of a member has returned.
func gone(a *testMember) bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *logBuffer) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *logBuffer) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// until advances the bubble's time to the first instant, in steps of a tenth of
// a second, at which ok holds, and returns how long that took.
func (s *scenario) until(limit time.Duration, what string, ok func() bool) time.Duration {
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
func (s *scenario) always(span time.Duration, what string, ok func() bool) {
	s.t.Helper()
	for begin := time.Now(); time.Since(begin) < span; time.Sleep(100 * time.Millisecond) {
		synctest.Wait()
		if !ok() {
			s.t.Fatalf("after %v no longer: %s", time.Since(begin), what)
		}
	}
}

func (s *scenario) leaveAll(members ...*testMember) {
	s.t.Helper()
	for _, a := range members {
		a.leave()
		<-a.done
	}
}
