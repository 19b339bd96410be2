package web

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/jobs/public"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/status"
)

// Config says what to serve.
type Config struct {
	Group   string
	Version string
	// State returns what the instance knows about itself. It must not wait.
	State func() State
	// Snapshot returns a snapshot of the group within two seconds, however many callers there
	// are: see status.Lookout. Its error is shown to the client.
	Snapshot func(context.Context) (status.Group, error)
	// Metrics serves /metrics; nil: 404.
	Metrics http.Handler
	// Jobs returns the jobs of the registry, and nil until it is reached. It must not wait.
	// If Jobs itself is nil, the page has no jobs.
	Jobs func() store.Asking
	// API serves /jobs, /jobs/… and /runs/…, see package jobs/api; nil: 404. The page offers
	// what needs the token only if HasToken says that there is one.
	API      http.Handler
	HasToken bool
	Log      zerolog.Logger
}

const (
	every         = time.Second     // how often an event is sent
	eventLimit    = 5 * time.Second // how long a client may take to receive an event
	maxClients    = 100             // of /events
	maxHeaderSize = 16 << 10
)

// Server serves the endpoints.
type Server struct {
	config     Config
	broadcast  *broadcast
	http       *http.Server
	conns      connections
	answers    *answers
	jobs       *public.Reader
	html       []byte
	local      atomic.Bool // whether it listens on the loopback interface
	eventLimit time.Duration
	ctx        context.Context // ends with Shutdown
	stop       context.CancelFunc
}

// New returns a server that does not serve yet.
func New(c Config) *Server {
	s := &Server{config: c, eventLimit: eventLimit}
	s.conns.open, s.conns.limit = map[net.Conn]*connection{}, connLimit(maxFiles())
	s.answers = newAnswers(goodFor, s.encode)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.jobs, s.html = public.New(s.ctx, c.Group, c.Jobs), theDocument().html
	if c.API != nil && c.HasToken {
		s.html = theDocument().htmlWithToken
	}
	s.broadcast = &broadcast{event: s.event, every: every, limit: clientLimit(s.conns.limit)}
	s.http = &http.Server{
		Handler:           s.accessLog(limitBody(s.checkHost(secured(s.routes())))),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       15 * time.Second,
		MaxHeaderBytes:    maxHeaderSize,
		ConnState:         s.conns.changed,
		ConnContext:       withConn,
		ErrorLog:          log.New(errorLog{c.Log}, "", 0),
	}
	return s
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /activez", s.activez)
	mux.HandleFunc("GET /status", s.status)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /{$}", s.page)
	if s.config.Metrics != nil {
		mux.Handle("GET /metrics", s.config.Metrics)
	}
	s.jobsRoutes(mux)
	return mux
}

// Listen binds HOST:PORT, or :PORT for all interfaces. Port 0 is any free one.
func Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return nil, fmt.Errorf("listen on %q: %w: want a free HOST:PORT of this machine", addr, err)
	}
	return l, nil
}

// Serve answers requests until Shutdown, and then returns nil. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	addr, ok := l.Addr().(*net.TCPAddr)
	s.local.Store(ok && addr.IP.IsLoopback())
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP on %s: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown stops serving. It ends the requests for /events at once and waits for other
// requests until ctx ends. It then cuts off what is left and returns the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	s.conns.closeIdle() // net/http would wait for connections that a browser opened in advance
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close()
	}
	return err
}
