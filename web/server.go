package web

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// Config says what to serve.
type Config struct {
	Group   string
	Version string
	// State is what the instance knows of itself. It must not wait.
	State func() State
	// Look shows the group, within two seconds and to any number who ask: see
	// status.Lookout. Its error is shown to whoever asked.
	Look func(context.Context) (status.Group, error)
	// Metrics serves /metrics; nil: 404.
	Metrics http.Handler
	Log     zerolog.Logger
}

// State is what an instance knows of itself without asking the registry.
type State struct {
	Stage    Stage
	Instance uuid.UUID // uuid.Nil while it is not registered
	Role     registry.Role
	Term     int64 // that it works in; 0 while passive
	// Lease is what is left of the lease that it works by. It means nothing while
	// the instance is passive.
	Lease    time.Duration
	Since    time.Time // when this role began, by this machine's clock; zero: not known
	LastBeat time.Time // when the latest acknowledged beat was sent, likewise; zero: there was none
	Ready    bool      // registered, and its last beat is fresh
	Stuck    bool      // its loop stands still
}

// Stage is how far an instance has come.
type Stage string

const (
	Connecting Stage = "connecting" // to the registry
	Running    Stage = "running"
	Leaving    Stage = "leaving"
)

const (
	every         = time.Second     // an event
	eventLimit    = 5 * time.Second // what a viewer gets to take an event
	maxViewers    = 100
	maxHeaderSize = 16 << 10
)

// Server serves the endpoints.
type Server struct {
	config   Config
	audience *audience
	http     *http.Server
	conns    connections
	answers  *answers
	local    atomic.Bool     // it listens on the loopback interface
	patience time.Duration   // with a viewer that does not take an event
	ctx      context.Context // until Shutdown
	stop     context.CancelFunc
}

// New makes a server that does not serve yet.
func New(c Config) *Server {
	s := &Server{config: c, patience: eventLimit}
	s.conns.open, s.conns.limit = map[net.Conn]*connection{}, connLimit(maxFiles())
	s.answers = newAnswers(goodFor, s.encode)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.audience = &audience{event: s.event, every: every, limit: viewerLimit(s.conns.limit)}
	s.http = &http.Server{
		Handler:           s.logged(unburdened(s.checkHost(secured(s.routes())))),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       15 * time.Second,
		MaxHeaderBytes:    maxHeaderSize,
		ConnState:         s.conns.changed,
		ConnContext:       known,
		ErrorLog:          log.New(warnings{c.Log}, "", 0),
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
	mux.HandleFunc("GET /{$}", page)
	if s.config.Metrics != nil {
		mux.Handle("GET /metrics", s.config.Metrics)
	}
	return mux
}

// Listen binds HOST:PORT, :PORT being all interfaces and port 0 any free one.
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

// Serve answers until Shutdown, and then returns nil. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	addr, ok := l.Addr().(*net.TCPAddr)
	s.local.Store(ok && addr.IP.IsLoopback())
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP on %s: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown stops serving: viewers are sent away, other requests get until ctx
// ends. What is left then is cut off, and ctx's error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	s.conns.close() // a browser's in advance; net/http would wait for them
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close()
	}
	return err
}

// warnings takes the lines of net/http's own log.
type warnings struct{ log zerolog.Logger }

func (w warnings) Write(line []byte) (int, error) {
	w.log.Warn().Msg(status.Visible(strings.TrimSpace(string(line))))
	return len(line), nil
}

// logged is the access log.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, rec := time.Now(), &recorder{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			s.config.Log.Debug().Int("code", rec.code).Stringer("took", time.Since(begun)).Str("from", r.RemoteAddr).
				Msg("HTTP " + r.Method + " " + status.Visible(r.URL.Path))
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder remembers the status code.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
