package api

import (
	"context"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/status"
)

// Patterns are the patterns, as http.ServeMux has them, of the paths that a [Handler]
// answers.
var Patterns = []string{"/jobs", "/jobs/", "/runs/"}

const (
	maxRequests  = 32               // that are answered at a time, without those that follow
	maxFollowers = 32               // clients that follow an output
	requestTime  = 5 * time.Second  // for one request, and for one read of a client that follows
	bodyTime     = 10 * time.Second // for a payload to arrive
	maxQuery     = 4 << 10          // bytes
	maxPath      = 4 << 10          // bytes; a run's ID may be escaped in full
)

// Config says what to serve.
type Config struct {
	Group string
	// Store returns the jobs of the registry, and nil until it is reached. It must not wait.
	Store func() store.Asking
	// Snapshot returns the group as it was a moment ago. It may wait; many may ask at a time.
	// Nil: what the group is like is not known.
	Snapshot func(context.Context) (status.Group, error)
	// Tokens has the token that a request needs; nil: the API is off.
	Tokens *TokenFile
	Log    zerolog.Logger
}

// Handler answers the requests for jobs and runs.
//
// The context of a request has to end when the server stops: by that the clients that
// follow an output are told to go.
type Handler struct {
	config    Config
	mux       *http.ServeMux
	browsers  *http.CrossOriginProtection
	guesses   guesses
	names     names
	requests  chan struct{} // has room for maxRequests tokens
	followers chan struct{} // likewise for maxFollowers

	// The tests change these.
	every time.Duration // between two looks at an output that is followed
	limit time.Duration // see requestTime
	body  time.Duration // see bodyTime
	send  time.Duration // see sendTime
	noted time.Duration // see noteTime
	now   func() time.Time
}

// New returns a handler.
func New(c Config) *Handler {
	h := &Handler{
		config: c, mux: http.NewServeMux(), browsers: http.NewCrossOriginProtection(),
		requests: make(chan struct{}, maxRequests), followers: make(chan struct{}, maxFollowers),
		every: followEvery, limit: requestTime, body: bodyTime, send: sendTime, noted: noteTime, now: time.Now,
	}
	for path, methods := range h.routes() {
		h.mux.Handle(path, methods)
	}
	h.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		write(w, problem{Kind: "no-such-path", Title: "There is nothing at this path", Status: http.StatusNotFound,
			Detail: "The API has the paths " + strings.Join(slices.Sorted(maps.Keys(h.routes())), ", ") + "."})
	})
	return h
}

func (h *Handler) routes() map[string]methods {
	return map[string]methods{
		"/jobs":                    {http.MethodGet: h.bounded(h.listJobs)},
		"/jobs/{job}/runs":         {http.MethodGet: h.bounded(h.listRuns), http.MethodPost: h.bounded(h.trigger)},
		"/jobs/{job}/pause":        {http.MethodPost: h.bounded(h.pause)},
		"/jobs/{job}/resume":       {http.MethodPost: h.bounded(h.resume)},
		"/runs/{job}/{run}":        {http.MethodGet: h.bounded(h.showRun)},
		"/runs/{job}/{run}/output": {http.MethodGet: h.output},
		"/runs/{job}/{run}/cancel": {http.MethodPost: h.bounded(h.cancel)},
		"/runs/{job}/{run}/retry":  {http.MethodPost: h.bounded(h.retry)},
	}
}

// methods are the handlers of a path.
type methods map[string]http.HandlerFunc

// ServeHTTP calls the handler of the request's method. A path that can be read can also be
// asked for its headers alone.
func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handle, ok := m[method]
	if !ok {
		allowed := slices.Sorted(maps.Keys(m))
		if allowed[0] == http.MethodGet {
			allowed = slices.Insert(allowed, 1, http.MethodHead)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		write(w, problem{Kind: "method", Title: "This path does not have this method", Status: http.StatusMethodNotAllowed,
			Detail: "Use " + strings.Join(allowed, " or ") + "."})
		return
	}
	handle(w, r)
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch {
	case h.config.Tokens == nil:
		write(w, problem{Kind: "off", Title: "The HTTP API of jobs is off", Status: http.StatusNotFound,
			Detail: "To turn it on, write a token into a file, and name the file in " + config.EnvAPITokenFile + "."})
	case h.browsers.Check(r) != nil:
		write(w, problem{Kind: "cross-site", Title: "A page of another site may not do this", Status: http.StatusForbidden,
			Detail: "The browser says that a page of another site sends this request."})
	case !h.authorized(w, r):
	case len(r.URL.RawQuery) > maxQuery || len(r.URL.EscapedPath()) > maxPath:
		write(w, problem{Kind: "too-long", Title: "The URL is too long", Status: http.StatusRequestURITooLong})
	default:
		h.mux.ServeHTTP(w, r)
	}
}

// bounded bounds how many requests are answered at a time, and the time for each.
func (h *Handler) bounded(handle func(context.Context, *call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), h.limit)
		defer cancel()
		select {
		case h.requests <- struct{}{}:
			defer func() { <-h.requests }()
		case <-ctx.Done():
			write(w, busy("Too many requests are being answered. Try again later."))
			return
		}
		c, err := h.call(w, r)
		if err == nil {
			err = handle(ctx, c)
		}
		h.fail(w, r, err)
	}
}

// call is a request with its parts checked.
type call struct {
	h     *Handler
	w     http.ResponseWriter
	r     *http.Request
	store store.Asking
	query query
	key   store.Key // of the job and the run that the path names, as far as it does
	by    string
}

// call checks the parts that requests have in common.
func (h *Handler) call(w http.ResponseWriter, r *http.Request) (*call, error) {
	c := &call{h: h, w: w, r: r, by: "HTTP"}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.by += " from " + host
	}
	c.key = store.Key{Group: h.config.Group, Job: r.PathValue("job"), Run: r.PathValue("run")}
	switch {
	case c.key.Job == "": // the path names none
	case store.CheckJob(c.key.Job) != nil:
		return nil, invalid(store.CheckJob(c.key.Job))
	case c.key.Run != "" && c.key.Check() != nil:
		return nil, invalid(c.key.Check())
	}
	var err error
	if c.query, err = parseQuery(r.URL.RawQuery); err != nil {
		return nil, err
	}
	if c.store = h.config.Store(); c.store == nil {
		return nil, busy("This instance is not connected to the registry yet.")
	}
	return c, nil
}

// log tells what somebody asked for.
func (c *call) log(what string) {
	c.h.config.Log.Info().Str("by", c.by).Msg(status.Visible(what))
}
