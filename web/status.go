package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// snapshot is what /status shows: the group, and what this instance knows about itself.
type snapshot struct {
	status.Group
	Self self `json:"self"`
}

// failure is what /status shows if there is no snapshot.
type failure struct {
	Group   string `json:"group"`
	Problem string `json:"problem"` // in a sentence
	Error   string `json:"error"`   // in the words of whatever noticed it
	Self    self   `json:"self"`
}

// self is what an instance knows about itself without the registry.
type self struct {
	Instance uuid.UUID     `json:"instance,omitzero"`
	Role     registry.Role `json:"role"`
	Term     int64         `json:"term,omitempty"`
	Stage    Stage         `json:"stage"`
	Ready    bool          `json:"ready"`
	Version  string        `json:"version"`
	// For is how long it has had this role. Beat is the time since its last acknowledged
	// beat was sent. Lease is what is left of the lease of an active instance.
	For   *status.Seconds `json:"forSeconds,omitempty"`
	Beat  *status.Seconds `json:"lastBeatAgeSeconds,omitempty"`
	Lease *status.Seconds `json:"leaseSeconds,omitempty"`
}

func (c Config) self() self {
	state, now := c.State(), time.Now()
	age := func(t time.Time) *status.Seconds {
		if t.IsZero() {
			return nil
		}
		return new(status.Seconds(max(now.Sub(t), 0)))
	}
	me := self{
		Instance: state.Instance, Role: state.Role, Term: state.Term, Stage: state.Stage, Ready: state.Ready, Version: c.Version,
		For: age(state.Since), Beat: age(state.LastBeat),
	}
	if state.Term > 0 {
		me.Lease = new(status.Seconds(max(state.Lease, 0)))
	}
	return me
}

// problem says in a sentence why there is no snapshot.
func (s self) problem(err error) string {
	switch {
	case s.Stage == Connecting:
		return "This instance is not connected to the registry yet."
	case errors.Is(err, registry.ErrSchema):
		return "A newer version of Understudy wrote the latest term."
	case registry.Unreadable(err):
		return "The record of the latest term cannot be understood."
	case errors.Is(err, registry.ErrRefused):
		return "The registry answers, but refuses to be read."
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("The registry does not answer within %v.", status.ReadLimit)
	}
	return "The registry cannot be reached, or does not answer as it should."
}

// goodFor is how long an answer is kept for other requests. It takes milliseconds to
// encode a group of a thousand instances, and a flood of requests must not use up the
// time that the heartbeat needs.
const goodFor = 100 * time.Millisecond

// answers makes one answer at a time for all requests, and keeps it for a while.
type answers struct {
	encode func(context.Context) (text []byte, ok bool)
	good   time.Duration

	turn chan struct{} // has room for one token; its owner may use the fields below
	made time.Time
	text []byte
	ok   bool
}

func newAnswers(good time.Duration, encode func(context.Context) ([]byte, bool)) *answers {
	return &answers{encode: encode, good: good, turn: make(chan struct{}, 1)}
}

// latest returns an answer, which must not be changed. It waits while one is being made,
// which takes no longer than a read of the registry.
func (a *answers) latest() (text []byte, ok bool) {
	a.turn <- struct{}{}
	defer func() { <-a.turn }()
	if a.made.IsZero() || time.Since(a.made) >= a.good {
		a.text, a.ok = a.encode(context.Background()) // not that of the request, whose client may go away
		a.made = time.Now()
	}
	return a.text, a.ok
}

// encode returns the JSON of a snapshot or, with ok false, of a failure.
func (s *Server) encode(ctx context.Context) (text []byte, ok bool) {
	group, err := s.config.Snapshot(ctx)
	me := s.config.self()
	if err == nil {
		if text, err = json.Marshal(snapshot{group, me}); err == nil {
			return text, true
		}
	}
	text, _ = json.Marshal(failure{s.config.Group, me.problem(err), status.Visible(status.Plain(err.Error())), me})
	return text, false
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	text, ok := s.answers.latest()
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(text)
	_, _ = w.Write([]byte{'\n'})
}
