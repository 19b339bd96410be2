package instance

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// stillBeat is a registry with an active instance whose heartbeat has always the time
// of the registry's clock, while its beat never changes.
type stillBeat struct {
	store.Backend
	id uuid.UUID
}

func (s stillBeat) Terms(context.Context, string, int) ([]registry.Term, error) {
	return []registry.Term{{Number: 3, Holder: s.id, StartedAt: time.Now()}}, nil
}

func (s stillBeat) Instances(context.Context, string) ([]registry.Instance, time.Time, error) {
	now := time.Now()
	return []registry.Instance{{
		ID: s.id, Group: "g", Host: "a", StartedAt: now, Heartbeat: now, Status: registry.Status{Candidate: true},
		Interval: time.Second, OrphanAfter: time.Minute, Schema: registry.Schema,
	}}, now, nil
}

// The page of an instance remembers what it has read before.
func TestAdminServer_SeesThatABeatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &adminServer{group: "g"}
		a.shown.Store(&shown{registry: stillBeat{id: uuid.Must(uuid.NewV7())}})
		for second := range 20 {
			g, err := a.observe(t.Context())
			if err != nil || g.Healthy != (second <= 9) {
				t.Errorf("after %d s: %v, %s", second, err, g.Health)
			}
			time.Sleep(time.Second)
		}
	})
}
