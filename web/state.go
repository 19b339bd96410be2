package web

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// State is what an instance knows about itself without asking the registry.
type State struct {
	Stage    Stage
	Instance uuid.UUID // uuid.Nil while it is not registered
	Role     registry.Role
	Term     int64 // in which it is active; 0 while it is passive
	// Lease is what is left of its lease. It means nothing while the instance is passive.
	Lease    time.Duration
	Since    time.Time // when this role began, by this machine's clock; zero: not known
	LastBeat time.Time // when its last acknowledged beat was sent, likewise; zero: there was none
	Ready    bool      // it is registered and its last beat is fresh
	Stuck    bool      // its loop does not run
}

// Stage is how far an instance has come.
type Stage string

const (
	Connecting Stage = "connecting" // to the registry
	Running    Stage = "running"
	Leaving    Stage = "leaving"
)

// role words the role of an instance.
func (s State) role() string {
	if s.Role == registry.Active {
		return fmt.Sprintf("active in term %d", s.Term)
	}
	return string(registry.Passive)
}

// unready words why an instance is not ready.
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
