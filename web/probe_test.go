package web

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestProbes_AnswerByState(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	s.ask = func(ctx context.Context) (status.Group, error) {
		t.Error("a probe asked the registry")
		return status.Group{}, nil
	}
	with := func(state State, change func(*State)) State { change(&state); return state }
	for _, tt := range []struct {
		name                   string
		state                  State
		healthz, readyz, actvz string
	}{
		{"connecting", State{Stage: Connecting, Role: registry.Passive}, "200 ok", "503 connecting to the registry", "503 passive"},
		{"nothing known", State{}, "200 ok", "503 not registered", "503 passive"},
		{"not registered", with(healthy, func(s *State) { s.Instance, s.Ready = uuid.Nil, false }), "200 ok", "503 not registered", "503 passive"},
		{"passive", healthy, "200 ok", "200 passive", "503 passive"},
		{"active", active, "200 ok", "200 active in term 7", "200 active in term 7"},
		{"passive, stale", with(healthy, func(s *State) { s.Ready = false }), "200 ok", "503 the last acknowledged beat is too old", "503 passive"},
		{"active, stale", with(active, func(s *State) { s.Ready = false }), "200 ok",
			"503 the last acknowledged beat is too old", "503 active in term 7, but the last acknowledged beat is too old"},
		{"leaving", with(active, func(s *State) { s.Stage, s.Ready = Leaving, false }), "200 ok", "503 leaving", "503 active in term 7, but leaving"},
		{"stuck", with(active, func(s *State) { s.Stuck = true }), "503 the loop stands still", "200 active in term 7", "200 active in term 7"},
	} {
		s.state.Store(&tt.state)
		for path, want := range map[string]string{"/healthz": tt.healthz, "/readyz": tt.readyz, "/activez": tt.actvz} {
			rec := s.get(http.MethodGet, path)
			if got := rec.Result().Status[:4] + rec.Body.String(); got != want+"\n" {
				t.Errorf("%s: %s says %q, want %q", tt.name, path, got, want)
			}
		}
	}
}
