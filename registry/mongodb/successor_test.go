package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// seldom has beats, searches and views so rare that nothing happens in time because of them.
var seldom = registry.Timing{Interval: 10 * time.Minute, OrphanAfter: 4 * time.Hour, StopGrace: time.Second}

// rarely is a group of members that beat seldom.
type rarely struct {
	t     *testing.T
	ctx   context.Context // bounds what the test waits for
	uri   string
	group string
	truth *mongodb.Registry
	db    *mongo.Database
}

// tryRarely lets a test have a group of its own for up to 20 seconds, and another one if
// that fails: on a machine that stalls, a ring may be lost, or a cursor not be opened.
func tryRarely(t *testing.T, test func(g rarely) error) {
	t.Helper()
	uri := mongotest.Shared(t)
	truth, d := open(t, uri), db(t, uri, "")
	var err error
	for n := range 9 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err = test(rarely{t, ctx, uri, fmt.Sprint("g", n), truth, d})
		cancel()
		if err == nil {
			return
		}
		t.Logf("try %d: %v", n+1, err)
	}
	t.Error(err)
}

// await waits until try returns nil.
func (g rarely) await(what string, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-g.ctx.Done():
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

// join lets a member join under a name, with a registry of its own, and waits until it is
// registered.
func (g rarely) join(name string) (in registry.Instance, leave func(), err error) {
	m, err := heartbeat.New(heartbeat.Config{Registry: open(g.t, g.uri+"&appName="+g.group+name), Group: g.group, Host: name, Guard: noGuard{}, Timing: seldom})
	if err != nil {
		g.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(g.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		err := m.Run(ctx, func(ctx context.Context, _ registry.Term) error { <-ctx.Done(); return ctx.Err() })
		if err != nil {
			g.t.Errorf("%s: %v", name, err)
		}
	})
	leave = func() { cancel(); running.Wait() }
	g.t.Cleanup(leave)
	err = g.await("the registration of "+name, func() (err error) { in, err = g.record(name); return err })
	return in, leave, err
}

// joinActive lets the first member join, and waits until it listens as the active one.
func (g rarely) joinActive() (leave func(), err error) {
	in, leave, err := g.join("active")
	return leave, errors.Join(err, g.awaitHolder(1, in), g.awaitListening("active"))
}

// record returns the record of the member of a name.
func (g rarely) record(name string) (registry.Instance, error) {
	list, _, err := g.truth.Instances(g.t.Context(), g.group)
	for _, in := range list {
		if in.Host == name {
			return in, nil
		}
	}
	return registry.Instance{}, errors.Join(fmt.Errorf("%s is not among %d instances", name, len(list)), err)
}

func (g rarely) awaitHolder(number int64, in registry.Instance) error {
	return g.await(fmt.Sprintf("term %d of %s", number, in.Host), func() error {
		v, err := g.truth.View(g.t.Context(), g.group)
		if err == nil && (v.Number() != number || v.Latest.Holder != in.ID) {
			err = fmt.Errorf("the latest term is %+v", v.Latest)
		}
		return err
	})
}

// awaitListening waits until the member of a name waits for rings.
func (g rarely) awaitListening(name string) error {
	return g.await(name+" listens", func() error {
		found, err := g.db.Client().Database("admin").Aggregate(g.t.Context(), bson.A{
			bson.M{"$currentOp": bson.M{"allUsers": true}},
			bson.M{"$match": bson.M{"ns": g.db.Name() + "." + bellOf(g.group), "appName": g.group + name, "op": "getmore"}},
		})
		if err != nil {
			return err
		}
		defer found.Close(g.t.Context())
		if !found.Next(g.t.Context()) {
			return errors.Join(errors.New("it does not"), found.Err())
		}
		return nil
	})
}

// In a group of two, whoever is started again takes over at once, although nobody has beaten
// or searched meanwhile.
func TestSuccessor_ListensAsSoonAsItIsStarted(t *testing.T) {
	t.Parallel()
	tryRarely(t, func(g rarely) error {
		leave, err := g.joinActive()
		if err != nil {
			return err
		}
		_, leaveToo, err := g.join("passive")
		if err != nil {
			return err
		}
		leaveToo()
		in, _, err := g.join("again")
		if err := errors.Join(err, g.awaitListening("again")); err != nil {
			return err
		}
		leave()
		return g.awaitHolder(2, in)
	})
}

// The one behind it is marked at once, and listens from its next beat on. The first one is
// marked by the test, since the active one does that after B.
func TestSuccessor_IsReplacedAsSoonAsItHasLeft(t *testing.T) {
	t.Parallel()
	tryRarely(t, func(g rarely) error {
		if _, err := g.joinActive(); err != nil {
			return err
		}
		in, leave, err := g.join("next")
		if err := errors.Join(err, g.truth.Mark(g.t.Context(), in.ID, 1)); err != nil {
			return err
		}
		for _, name := range []string{"second", "third"} {
			_, leaveLater, err := g.join(name)
			if err != nil {
				return err
			}
			leave()
			leave = leaveLater
			err = g.await("the mark of "+name, func() error {
				in, err := g.record(name)
				if err == nil && in.Listen != 1 {
					err = fmt.Errorf("it is %d, want 1", in.Listen)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
