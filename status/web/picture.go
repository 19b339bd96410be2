package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// picture is the group, and what this instance is in it.
type picture struct {
	status.Group
	Self self `json:"self"`
}

// failure is what there is in place of a picture.
type failure struct {
	Group string `json:"group"`
	Error string `json:"error"`
	Self  self   `json:"self"`
}

type self struct {
	Instance uuid.UUID     `json:"instance,omitzero"`
	Role     registry.Role `json:"role"`
	Term     int64         `json:"term,omitempty"`
	Stage    Stage         `json:"stage"`
	Ready    bool          `json:"ready"`
	Version  string        `json:"version"`
}

// encode returns the JSON of a picture or, with ok false, of a failure.
func (s *Server) encode(ctx context.Context) (text []byte, ok bool) {
	group, err := s.config.Look(ctx)
	state := s.config.State()
	me := self{
		Instance: state.Instance, Role: state.Role, Term: state.Term,
		Stage: state.Stage, Ready: state.Ready, Version: s.config.Version,
	}
	if err == nil {
		if text, err = json.Marshal(picture{group, me}); err == nil {
			return text, true
		}
	}
	text, _ = json.Marshal(failure{s.config.Group, status.Visible(err.Error()), me})
	return text, false
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	text, ok := s.encode(r.Context())
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(text, '\n'))
}
