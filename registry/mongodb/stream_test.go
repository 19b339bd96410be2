package mongodb_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
)

func TestStream_IsOpenedEverLessOftenWhileItBreaks(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string][]any{
		"resumable error":   {"errorCode", 11600, "errorLabels", bson.A{"ResumableChangeStreamError"}},
		"cursor not found":  {"errorCode", 43},
		"connection closed": {"closeConnection", true},
		"other error":       {"errorCode", 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := mongotest.Start(t, 1)
			p, r := throughProxy(t, set.URI())
			set.FailCommand(t, 1_000_000, append([]any{"failCommands", bson.A{"getMore"}}, fault...)...)
			p.recorded()
			var reported error
			// The caller tries again at once, whatever happens.
			for begun := time.Now(); time.Since(begun) < 5*time.Second; time.Sleep(5 * time.Millisecond) {
				changes, err := r.Watch(t.Context(), "g")
				if err != nil {
					reported = err
					continue
				}
				for range changes {
				}
			}
			commands := p.recorded()
			tries, all := tailed(commands), len(commands)-named(commands, "hello", "isMaster", "ismaster")
			t.Logf("%d attempts and %d commands in 5 s", tries, all)
			if tries < 1 || tries > 6 || all > 40 {
				t.Errorf("%d attempts and %d commands in 5 s, want 1 to 6 attempts and 40 commands at most", tries, all)
			}
			if reported == nil {
				t.Error("Watch returned no error while streams broke")
			} else if text := reported.Error(); len(text) < 40 {
				t.Errorf("Watch returned the error %v, want the reason in it", reported)
			}
			// A fault of a command that nobody sends takes the place of the previous one.
			set.FailCommand(t, 1, "failCommands", bson.A{"dropUser"}, "errorCode", 8)
			mongotest.Eventually(t, "a watch", func() error {
				changes, err := r.Watch(t.Context(), "g")
				if err != nil {
					return err
				}
				v, err := r.View(t.Context(), "g")
				if err != nil {
					return err
				}
				<-changes
				err = r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: v.Number() + 1, Holder: uuid.Must(uuid.NewV7())})
				if err != nil {
					return err
				}
				if _, ok := <-changes; !ok {
					return fmt.Errorf("the stream broke once more")
				}
				return nil
			})
		})
	}
}

// A connection can be dead without having been closed.
func TestStream_EndsIfItsConnectionIsDead(t *testing.T) {
	t.Parallel()
	p, r := throughProxy(t, mongotest.Shared(t))
	p.holdBack("getMore")
	changes, _ := watch(t, r, "g")
	timeout := time.After(3 * time.Minute)
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
		case <-timeout:
			t.Fatal("the watch goes on although its connection is dead")
		}
	}
}

func TestStream_FloodOfTermsMakesFewNotices(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	changes, _ := watch(t, r, "g")
	journaled := writeconcern.Majority()
	journaled.Journal = new(true)
	terms := db(t, uri, "").Collection("terms", options.Collection().SetWriteConcern(journaled))
	begun := time.Now()
	notices, last := make(chan int), make(chan struct{})
	go func() {
		n := 0
		for {
			select {
			case <-changes:
				n++
			case <-last:
				notices <- n
				return
			}
		}
	}()
	holder := uuid.Must(uuid.NewV7())
	var number atomic.Int64
	var outsiders sync.WaitGroup
	for range 4 {
		outsiders.Go(func() {
			for time.Since(begun) < 2*time.Second {
				_, err := terms.InsertOne(t.Context(), bson.D{
					{Key: "_id", Value: termID("g", number.Add(1))}, {Key: "schema", Value: 1}, {Key: "holder", Value: id(holder)}, {Key: "startedAt", Value: time.Now()},
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	outsiders.Wait()
	close(last)
	n, took := <-notices, time.Since(begun)
	t.Logf("%d notices of %d terms within %v", n, number.Load(), took)
	// Whoever waits limits how often it reads, see the package heartbeat.
	if most := 30 + int(took/(10*time.Millisecond)); n > most {
		t.Errorf("%d notices of %d terms within %v, want %d at most", n, number.Load(), took, most)
	}
	begin(t, r, "g", number.Add(1), holder)
	noticed(t, r, changes, "g", number.Load())
}
