package mongostore_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// However many calls about jobs the server lets wait, a beat has a connection.
func TestStore_LeavesAConnectionToTheBeats(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI()+"&maxPoolSize=4")
	s, h := r.Jobs(), holder(1)
	in := registry.Instance{
		ID: uuid.Must(uuid.NewV7()), Group: "g", Host: "host", PID: 1,
		Status: registry.Status{Role: registry.Passive, Candidate: true}, Interval: time.Second, OrphanAfter: time.Minute,
	}
	if _, err := r.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	claim(t, s, h, processing(h, "first"))
	awaitIndices(t, db(t, set.URI(), "understudy").Collection("runs"))
	if _, err := r.Watch(t.Context(), "g"); err != nil { // its cursor has a connection for itself
		t.Fatal(err)
	}
	if _, err := s.Watch(t.Context(), "g"); !errors.Is(err, registry.ErrNoWatch) { // the pool has none for another
		t.Fatalf("Watch of jobs with so small a pool: %v", err)
	}

	const calls = 10
	set.FailCommand(t, 1_000_000, "failCommands", bson.A{"insert", "find"}, "namespace", "understudy.runs", "blockConnection", true, "blockTimeMS", 3000)
	var wait sync.WaitGroup
	answered := make(chan struct{}, 2*calls)
	for i := range calls {
		wait.Go(func() {
			_, _ = s.Claim(t.Context(), h, []store.Run{processing(h, string(rune('a'+i)))})
			answered <- struct{}{}
		})
		wait.Go(func() {
			_, _ = s.Runs(t.Context(), "g", store.Filter{Limit: 1})
			answered <- struct{}{}
		})
	}
	for range 2 {
		<-answered // so that the calls are under way
		if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
			t.Errorf("Beat: %v", err)
		}
		// The calls are made one after the other, 3 seconds each, and the beat beside them.
		if n := len(answered); n > 5 {
			t.Errorf("%d calls were answered before the beat was", n)
		}
	}
	set.FailCommand(t, 1, "failCommands", bson.A{"dropUser"}, "errorCode", 8) // it takes the place of the other fault
	wait.Wait()
}
