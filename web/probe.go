package web

import (
	"fmt"
	"net/http"

	"github.com/understudy-go/understudy/registry"
)

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if s.config.State().Stuck {
		writeLine(w, http.StatusServiceUnavailable, "the loop stands still")
		return
	}
	writeLine(w, http.StatusOK, "ok")
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if state := s.config.State(); state.Ready {
		writeLine(w, http.StatusOK, state.role())
	} else {
		writeLine(w, http.StatusServiceUnavailable, state.unready())
	}
}

// activez also refuses an active instance whose last beat is not fresh: its loop may
// hang, and a peer may be active by now.
func (s *Server) activez(w http.ResponseWriter, _ *http.Request) {
	switch state := s.config.State(); {
	case state.Role != registry.Active:
		writeLine(w, http.StatusServiceUnavailable, string(registry.Passive))
	case !state.Ready:
		writeLine(w, http.StatusServiceUnavailable, state.role()+", but "+state.unready())
	default:
		writeLine(w, http.StatusOK, state.role())
	}
}

// writeLine answers with one line of text.
func writeLine(w http.ResponseWriter, code int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	fmt.Fprintln(w, line)
}
