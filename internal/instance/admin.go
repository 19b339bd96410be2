package instance

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
	"github.com/understudy-go/understudy/jobs/api"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/metrics"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
	"github.com/understudy-go/understudy/web"
)

const (
	shownTerms = 50                     // on the page and by /status
	shownFor   = 900 * time.Millisecond // viewers get a snapshot each second
	jobsFor    = 3 * time.Second        // how long metrics show what was read of jobs
)

// adminServer is the HTTP side of an instance: the page, the probes and the metrics. It
// serves from before the registry is reached, so the member is shown as soon as there
// is one. A nil adminServer does nothing.
type adminServer struct {
	group    string
	log      zerolog.Logger
	listener net.Listener
	server   *web.Server
	metrics  *metrics.Metrics
	lookout  *status.Lookout[status.Group]
	jobs     *status.Lookout[metrics.JobsState]
	observer status.Observer
	since    atomic.Pointer[time.Time] // when this role began
	served   chan error
	shown    atomic.Pointer[shown]
}

// shown is what there is to show once the registry has been reached.
type shown struct {
	registry store.Backend
	member   *heartbeat.Member
	work     *work
}

// startAdminServer serves on the configured address. It returns nil if there is none.
// An address that cannot be bound may be free later, so the error is none of the
// configuration, and a supervisor starts the instance again.
func startAdminServer(conf config.Config, version string, log zerolog.Logger) (*adminServer, error) {
	if conf.HTTPAddr == "" {
		return nil, nil
	}
	var tokens *api.TokenFile
	if conf.APITokenFile != "" {
		var err error
		if tokens, err = api.OpenTokenFile(conf.APITokenFile, log); err != nil {
			return nil, &config.Error{Mistakes: []string{err.Error()}}
		}
	}
	listener, err := web.Listen(conf.HTTPAddr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", config.EnvHTTPAddr, err)
	}
	a := &adminServer{group: conf.Group, log: log, listener: listener, served: make(chan error, 1)}
	a.lookout = status.NewLookout(shownFor, a.observe)
	a.jobs = status.NewLookout(jobsFor, a.observeJobs)
	a.metrics = metrics.New(metrics.Source{
		Group: conf.Group, Version: version,
		State: a.gauges, Snapshot: a.lookout.Snapshot, Jobs: a.jobs.Snapshot, Restarts: a.restarts,
	})
	a.server = web.New(web.Config{
		Group: conf.Group, Version: version,
		State: a.state, Snapshot: a.lookout.Snapshot, Metrics: a.metrics.Handler(), Log: log,
		Jobs: a.asking, HasToken: tokens != nil,
		API: api.New(api.Config{Group: conf.Group, Store: a.asking, Snapshot: a.lookout.Snapshot, Tokens: tokens, Log: log}),
	})
	go func() { a.served <- a.server.Serve(listener) }()
	log.Info().Msgf("serving http://%s", listener.Addr())
	return a, nil
}

// close ends what is being served within a second.
func (a *adminServer) close() {
	if a == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := errors.Join(a.lookout.Close(ctx), a.jobs.Close(ctx), a.server.Shutdown(ctx), <-a.served); err != nil {
		a.log.Debug().Err(err).Msg("HTTP")
	}
}

// show shows a member and its work from now on.
func (a *adminServer) show(r store.Backend, m *heartbeat.Member, w *work) {
	if a != nil {
		a.since.Store(new(time.Now()))
		a.shown.Store(&shown{r, m, w})
	}
}

func (a *adminServer) role(c heartbeat.Change) {
	if a != nil {
		a.since.Store(new(time.Now()))
		a.metrics.Role(c.Reason)
		if c.Role == registry.Active {
			a.metrics.Takeover(c.Previous)
		}
	}
}

func (a *adminServer) beat(took time.Duration, err error) {
	if a != nil {
		a.metrics.Beat(took, err)
	}
}

func (a *adminServer) orphan() {
	if a != nil {
		a.metrics.Orphan()
	}
}

// state is what the page and the probes say of this instance.
func (a *adminServer) state() web.State {
	now := a.shown.Load()
	if now == nil {
		return web.State{Stage: web.Connecting, Role: registry.Passive}
	}
	s := now.member.State()
	shown := web.State{
		Stage: web.Running, Instance: s.Instance, Role: s.Role(), Term: s.Term, Ready: s.Ready, Stuck: s.Stuck,
		Lease: s.Lease, Since: *a.since.Load(), LastBeat: s.LastBeat,
	}
	if s.Leaving {
		shown.Stage = web.Leaving
	}
	return shown
}

// gauges is what the metrics say of this instance.
func (a *adminServer) gauges() metrics.State {
	now := a.shown.Load()
	if now == nil {
		return metrics.State{}
	}
	s := now.member.State()
	return metrics.State{Term: s.Term, Lease: s.Lease, LastBeat: s.LastBeat}
}

func (a *adminServer) restarts() int64 {
	if now := a.shown.Load(); now != nil && now.work.command != nil {
		return now.work.command.Restarts()
	}
	return 0
}

// observe reads the group from the registry.
func (a *adminServer) observe(ctx context.Context) (status.Group, error) {
	now := a.shown.Load()
	if now == nil {
		return status.Group{}, errors.New("not connected to the registry yet")
	}
	return a.observer.Observe(ctx, now.registry, a.group, shownTerms)
}

// asking returns the jobs of the registry, and nil until it is reached.
func (a *adminServer) asking() store.Asking {
	if now := a.shown.Load(); now != nil {
		return now.registry.Jobs()
	}
	return nil
}

// observeJobs reads for the metrics what the registry says of the jobs, while this instance
// is the active one.
func (a *adminServer) observeJobs(ctx context.Context) (metrics.JobsState, error) {
	now := a.shown.Load()
	if now == nil || now.work.jobs == nil {
		return metrics.JobsState{}, nil
	}
	return a.metrics.ReadJobs(ctx, now.registry.Jobs(), now.member.State().Term, now.work.jobs.now())
}

// defineJobs takes the jobs file that this instance has.
func (a *adminServer) defineJobs(f jobfile.File) {
	if a == nil {
		return
	}
	names := make([]string, len(f.Jobs))
	for i, j := range f.Jobs {
		names[i] = j.Name
	}
	a.metrics.DefineJobs(names)
}

// runStarted takes a run whose attempt starts.
func (a *adminServer) runStarted(r store.Run) {
	if a != nil {
		a.metrics.RunStarted(r)
		a.metrics.RunsActive(1)
	}
}

// runOver takes note that nothing is left of an attempt.
func (a *adminServer) runOver() {
	if a != nil {
		a.metrics.RunsActive(-1)
	}
}

// runEnded takes a run whose end was recorded.
func (a *adminServer) runEnded(r store.Run) {
	if a != nil {
		a.metrics.RunEnded(r)
	}
}
