package reopen

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/storetest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// Every call of the store of jobs arrives at the backend, and its answer is returned as it
// is.
func TestJobs_Conformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store {
		path := filepath.Join(t.TempDir(), "registry.db")
		open := func(t *testing.T, a registry.Access) storetest.Backend {
			return overSQLite(t, path, sqlite.Options{Access: a, OrphanAfter: 4 * time.Hour})
		}
		return storetest.Store{
			Open: func(t *testing.T) storetest.Backend { return open(t, registry.Join) },
			Look: func(t *testing.T) storetest.Backend { return open(t, registry.Look) },
			Spoil: func(t *testing.T, r storetest.Record, field string, value any) {
				storetest.SpoilSQLite(t, path, r, field, value)
			},
		}
	})
}

// The store is that of the backend that is open now.
func TestJobs_AreThoseOfTheNewBackend(t *testing.T) {
	old, next := withJobs{newFake(nil), namedStore{name: "old"}}, withJobs{newFake(nil), namedStore{name: "next"}}
	r, _ := over(old, nil)
	jobs := r.Jobs()
	for _, b := range []withJobs{old, next} {
		r.mu.Lock()
		r.backend = b
		r.mu.Unlock()
		list, err := jobs.Jobs(t.Context(), "g")
		if err != nil || len(list) != 1 || list[0].Name != b.jobs.name {
			t.Errorf("got %v, %v; want the job %s", list, err, b.jobs.name)
		}
	}
}

// withJobs is a fake with a store of jobs.
type withJobs struct {
	*fake
	jobs namedStore
}

func (b withJobs) Jobs() store.Store { return b.jobs }

// namedStore has one job, of its own name.
type namedStore struct {
	store.Store
	name string
}

func (s namedStore) Jobs(context.Context, string) ([]store.Job, error) {
	return []store.Job{{Name: s.name}}, nil
}
