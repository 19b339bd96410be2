package web

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if s.config.State().Stuck {
		say(w, http.StatusServiceUnavailable, "the loop stands still")
		return
	}
	say(w, http.StatusOK, "ok")
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if state := s.config.State(); state.Ready {
		say(w, http.StatusOK, state.role())
	} else {
		say(w, http.StatusServiceUnavailable, state.unready())
	}
}

// activez refuses an active instance without a fresh beat, too: its loop may
// hang, and a peer be active by now.
func (s *Server) activez(w http.ResponseWriter, _ *http.Request) {
	switch state := s.config.State(); {
	case state.Role != registry.Active:
		say(w, http.StatusServiceUnavailable, string(registry.Passive))
	case !state.Ready:
		say(w, http.StatusServiceUnavailable, state.role()+", but "+state.unready())
	default:
		say(w, http.StatusOK, state.role())
	}
}

func (s State) role() string {
	if s.Role == registry.Active {
		return fmt.Sprintf("active in term %d", s.Term)
	}
	return string(registry.Passive)
}

// unready says why an instance is not ready.
func (s State) unready() string {
	switch {
	case s.Stage == Connecting:
		return "connecting to the registry"
	case s.Stage == Leaving:
		return "leaving"
	case s.Instance == uuid.Nil:
		return "not registered"
	}
	return "the last acknowledged beat is too old"
}

func say(w http.ResponseWriter, code int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	fmt.Fprintln(w, line)
}
