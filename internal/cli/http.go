package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/metrics"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
	"github.com/understudy-go/understudy/web"
	"github.com/understudy-go/understudy/worker"
)

const (
	shownTerms = 50                     // on the page and by /status
	shownFor   = 900 * time.Millisecond // viewers get a picture each second
)

// front is what this process shows of itself by HTTP. It is there before the
// registry is, and so learns of the rest when it comes. A nil one shows nothing.
type front struct {
	group    string
	listener net.Listener
	server   *web.Server
	metrics  *metrics.Metrics
	lookout  *status.Lookout
	observer status.Observer
	since    atomic.Pointer[time.Time] // when this role began
	served   chan error
	shown    atomic.Pointer[shown]
}

// shown is what there is to show once the registry has been reached.
type shown struct {
	admin   registry.Admin
	member  *heartbeat.Member
	command *worker.Command
}

// openFront binds the configured address; without one it returns nil.
func openFront(conf config.Config, version string, log zerolog.Logger) (*front, error) {
	if conf.HTTPAddr == "" {
		return nil, nil
	}
	listener, err := web.Listen(conf.HTTPAddr)
	if err != nil {
		return nil, fmt.Errorf("UNDERSTUDY_HTTP_ADDR: %w", err) // it may pass: a supervisor is to try again
	}
	f := &front{group: conf.Group, listener: listener, served: make(chan error, 1)}
	f.lookout = status.NewLookout(shownFor, f.look)
	f.metrics = metrics.New(metrics.Source{Group: conf.Group, Version: version, State: f.gauges, Look: f.lookout.Look, Restarts: f.restarts})
	f.server = web.New(web.Config{
		Group: conf.Group, Version: version,
		State: f.state, Look: f.lookout.Look, Metrics: f.metrics.Handler(), Log: log,
	})
	go func() { f.served <- f.server.Serve(listener) }()
	log.Info().Msgf("serving http://%s", listener.Addr())
	return f, nil
}

// close ends what is being served within a second.
func (f *front) close(log zerolog.Logger) {
	if f == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := errors.Join(f.lookout.Close(ctx), f.server.Shutdown(ctx), <-f.served); err != nil {
		log.Debug().Err(err).Msg("HTTP")
	}
}

// show shows a member and its work, from now on.
func (f *front) show(admin registry.Admin, m *heartbeat.Member, c *worker.Command) {
	if f != nil {
		f.since.Store(new(time.Now()))
		f.shown.Store(&shown{admin, m, c})
	}
}

func (f *front) role(c heartbeat.Change) {
	if f != nil {
		f.since.Store(new(time.Now()))
		f.metrics.Role(c.Reason)
	}
}

func (f *front) beat(took time.Duration, err error) {
	if f != nil {
		f.metrics.Beat(took, err)
	}
}

func (f *front) orphan() {
	if f != nil {
		f.metrics.Orphan()
	}
}

func (f *front) state() web.State {
	now := f.shown.Load()
	if now == nil {
		return web.State{Stage: web.Connecting, Role: registry.Passive}
	}
	s := now.member.State()
	shown := web.State{
		Stage: web.Running, Instance: s.Instance, Role: s.Role(), Term: s.Term, Ready: s.Ready, Stuck: s.Stuck,
		Lease: s.Lease, Since: *f.since.Load(), LastBeat: s.LastBeat,
	}
	if s.Leaving {
		shown.Stage = web.Leaving
	}
	return shown
}

func (f *front) gauges() metrics.State {
	now := f.shown.Load()
	if now == nil {
		return metrics.State{}
	}
	s := now.member.State()
	return metrics.State{Term: s.Term, Lease: s.Lease, LastBeat: s.LastBeat}
}

func (f *front) restarts() int64 {
	if now := f.shown.Load(); now != nil {
		return now.command.Restarts()
	}
	return 0
}

func (f *front) look(ctx context.Context) (status.Group, error) {
	now := f.shown.Load()
	if now == nil {
		return status.Group{}, errors.New("not connected to the registry yet")
	}
	return f.observer.Look(ctx, now.admin, f.group, shownTerms)
}
