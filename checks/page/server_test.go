package page

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
	"github.com/understudy-go/understudy/web"
)

// server serves the page of a group that a test makes up.
type server struct {
	t       *testing.T
	addr    string
	stop    func()
	prepare []func(*web.Config)

	mu    sync.Mutex
	group status.Group
	err   error
}

func newServer(t *testing.T, g status.Group, prepare ...func(*web.Config)) *server {
	t.Helper()
	s := &server{t: t, group: g, prepare: prepare}
	// The port is below those that systems assign, so no other program gets it while s
	// is stopped.
	part.Until(t, "a free port", func() bool {
		l, err := web.Listen(fmt.Sprint("127.0.0.1:", 20000+rand.N(10000)))
		if err == nil {
			s.addr = l.Addr().String()
			s.serve(l)
		}
		return err == nil
	})
	return s
}

func (s *server) url() string { return "http://" + s.addr + "/" }

// start serves on the same port as before.
func (s *server) start() {
	s.t.Helper()
	l, err := web.Listen(s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.serve(l)
}

func (s *server) serve(l net.Listener) {
	c := web.Config{
		Group: "orders", Version: "v1.2.3",
		State: func() web.State {
			return web.State{
				Stage: web.Running, Instance: ids[1], Role: registry.Passive, Ready: true,
				Since: time.Now().Add(-time.Hour), LastBeat: time.Now().Add(-12 * time.Second),
			}
		},
		Snapshot: func(context.Context) (status.Group, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.group, s.err
		},
	}
	for _, f := range s.prepare {
		f(&c)
	}
	w := web.New(c)
	served := make(chan error, 1)
	go func() { served <- w.Serve(l) }()
	s.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(w.Shutdown(ctx), <-served); err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(s.stop)
}

// set changes what the registry answers.
func (s *server) set(g status.Group, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.group, s.err = g, err
}

var ids = []uuid.UUID{
	uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8001"),
	uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8002"),
	uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8003"),
}

const second = status.Seconds(time.Second)

// orders returns a group of three instances. Its terms lasted from a tenth of a second to
// ten days, and among them are a gap of a minute, an orphan, and a lease that was lost.
func orders() status.Group {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	gap := func(s status.Seconds) *status.Seconds { return &s }
	hosts := []string{"ams-1", "fra-2", "lon-3"}
	g := status.Group{Name: "orders", At: at, Healthy: true, Health: "1 active, 2 passive", Term: 5}
	for i, id := range ids {
		g.Instances = append(g.Instances, status.Instance{
			ID: id, Role: registry.Passive, Host: hosts[i], PID: 4000 + i, Version: "v1.2.3", Since: at.Add(-time.Hour), Age: second / 2,
		})
	}
	g.Instances[0].Role, g.Instances[0].Term = registry.Active, 5
	g.Terms = []status.Term{
		{Number: 5, Holder: ids[0], Host: hosts[0], From: at.Add(-time.Hour), Length: 3600 * second},
		{Number: 4, Holder: ids[2], Host: hosts[2], From: at.Add(-2 * time.Hour), To: at.Add(-time.Hour), Length: 3600 * second, Reason: registry.Orphaned},
		{Number: 3, Holder: ids[1], Host: hosts[1], From: at.Add(-242 * time.Hour), To: at.Add(-2 * time.Hour), Length: 240 * 3600 * second, Reason: registry.HandedOver, Gap: gap(second / 100)},
		{Number: 2, Holder: ids[0], Host: hosts[0], From: at.Add(-242 * time.Hour), To: at.Add(-242 * time.Hour), Length: second / 10, Reason: registry.LeaseLost},
		{Number: 1, Holder: ids[2], Host: hosts[2], From: at.Add(-243 * time.Hour), To: at.Add(-242*time.Hour - time.Minute), Length: 3540 * second, Reason: registry.WorkFailed, Gap: gap(60 * second)},
	}
	return g
}
