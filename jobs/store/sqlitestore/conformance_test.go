package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/jobs/store/storetest"
	"github.com/understudy-go/understudy/registry"
)

func TestStore_Conformance(t *testing.T) {
	defer goleak.VerifyNone(t)
	storetest.Run(t, func(t *testing.T) storetest.Store {
		path := filepath.Join(t.TempDir(), "registry.db")
		return storetest.Store{
			Open: func(t *testing.T) storetest.Backend { return open(t, path, registry.Join) },
			Look: func(t *testing.T) storetest.Backend { return open(t, path, registry.Look) },
			Spoil: func(t *testing.T, r storetest.Record, field string, value any) {
				storetest.SpoilSQLite(t, path, r, field, value)
			},
		}
	})
}
