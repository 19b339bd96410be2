package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

const patience = 20 * time.Second

var (
	someone = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	healthy = State{Stage: Running, Instance: someone, Role: registry.Passive, Ready: true}
	active  = State{Stage: Running, Instance: someone, Role: registry.Active, Term: 7, Ready: true}
)

// fixture is a server under test.
type fixture struct {
	*Server
	t     *testing.T
	state atomic.Pointer[State]
	ask   func(context.Context) (status.Group, error)
	asked atomic.Int64
	base  string
}

// newFixture serves on a port of its own. prepare changes the server before it serves.
func newFixture(t *testing.T, prepare ...func(*fixture)) *fixture {
	t.Helper()
	return serve(t, func(*Config) {}, prepare...)
}

// newConfigured serves with a configuration that change changes.
func newConfigured(t *testing.T, change func(*Config)) *fixture {
	t.Helper()
	return serve(t, change)
}

func serve(t *testing.T, change func(*Config), prepare ...func(*fixture)) *fixture {
	t.Helper()
	s := &fixture{t: t}
	s.state.Store(&healthy)
	s.ask = func(context.Context) (status.Group, error) {
		return status.Group{Name: "orders", Healthy: true, Health: "1 active, 0 passive", Instances: []status.Instance{}, Terms: []status.Term{}}, nil
	}
	lookout := status.NewLookout(0, func(ctx context.Context) (status.Group, error) {
		s.asked.Add(1)
		return s.ask(ctx)
	})
	c := Config{
		Group: "orders", Version: "v1.2.3",
		State: func() State { return *s.state.Load() }, Snapshot: lookout.Snapshot,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "understudy_active 0\n") }),
		Log:     zerolog.New(zerolog.NewTestWriter(t)),
	}
	change(&c)
	s.Server = New(c)
	for _, f := range prepare {
		f(s)
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		defer lookout.Close(ctx)
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s
}

// get calls the handler without a network.
func (s *fixture) get(method, path string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(rec, httptest.NewRequest(method, "http://localhost"+path, nil))
	return rec
}

func (s *fixture) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// busy returns how many connections have a request under way, and idle how many do not.
func (s *fixture) busy() int { return s.in(true) }
func (s *fixture) idle() int { return s.in(false) }

func (s *fixture) in(busy bool) (n int) {
	s.conns.mu.Lock()
	defer s.conns.mu.Unlock()
	for _, is := range s.conns.open {
		if is.busy == busy {
			n++
		}
	}
	return n
}

// awaitConns waits until the number of connections is n.
func (s *fixture) awaitConns(n int64) {
	s.t.Helper()
	s.await("the count of connections", func() bool { return int64(s.conns.count()) == n })
}

func (s *fixture) await(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}
