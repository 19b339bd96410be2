package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/registrytest"
)

func TestRegistry_Conformance(t *testing.T) {
	defer goleak.VerifyNone(t)
	registrytest.Run(t, func(t *testing.T) registrytest.Store {
		path := filepath.Join(t.TempDir(), "registry.db")
		return registrytest.Store{
			Open:  func(t *testing.T) registry.Backend { return open(t, path) },
			Look:  func(t *testing.T) registry.Backend { return openWith(t, path, Options{Access: registry.Look}) },
			Spoil: func(t *testing.T, r registrytest.Record, field string, value any) { spoil(t, path, r, field, value) },
		}
	})
}

// Each attempt has a UUID of its own: an attempt that failed must leave nothing behind.
func TestRegister_FailedAttemptsAreForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r, other := open(t, path), open(t, path)
	for range 10 {
		if _, err := r.Register(t.Context(), join(t, other, "g")); !errors.Is(err, registry.ErrRegistered) {
			t.Errorf("Register: %v, want ErrRegistered", err)
		}
	}
	if n := len(r.homes); n != 0 {
		t.Errorf("%d of them are remembered", n)
	}
	if n := len(other.homes); n != 10 {
		t.Errorf("of 10 that are registered, %d are remembered", n)
	}
}
