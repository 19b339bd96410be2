//go:build linux

package e2e

import (
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestOutage_LongerThanTheLeaseEndsTheWork(t *testing.T) {
	bothAlone(t, func(t *testing.T, at place) {
		g := newGroup(t, at, roomy)
		a := g.joinAll("a", "b")[0]
		g.workOf(1, 2)
		mend := at.cut(t)
		cut := boottime.Now()
		a.await("lease not renewed in time")
		testkit.Until(t, "the work to be gone", func() bool { return g.workers() == 0 })
		gone := boottime.Now()
		sleep(roomy.OrphanAfter / 2) // until more than T has passed since the cut
		mend()
		next := g.work(2)
		list := g.conclude()
		if list[0].last > cut+roomy.Lease() || list[0].last > gone {
			t.Errorf("%v, with the registry gone at %v: want an end by %v", list[0], cut, cut+roomy.Lease())
		}
		if next.first < gone {
			t.Errorf("%v began while the registry was gone", next)
		}
		if !a.logged("registry does not answer") {
			t.Error("the log does not say that the registry does not answer")
		}
	})
}

func TestOutage_ShorterThanTheLeaseCostsNothing(t *testing.T) {
	bothAlone(t, func(t *testing.T, at place) {
		g := newGroup(t, at, enduring)
		a := g.joinAll("a", "b")[0]
		s := g.workOf(1, 2)
		mend := at.cut(t)
		a.await("registry does not answer")
		mend()
		a.await("registry answers again")
		if at.set != nil {
			begun := time.Now()
			at.set.Kill(t, 0)
			at.set.Restart(t, 0)
			t.Logf("restarted within %v", time.Since(begun))
			g.beat()
		}
		g.keeps(s)
		g.conclude()
	})
}

// keeps checks that the work of a span goes on, and that there was no other.
func (g *group) keeps(s span) {
	g.t.Helper()
	testkit.Until(g.t, "the work to go on", func() bool { return g.lasts(s) })
	list, err := readSpans(g.spans)
	if err != nil || len(list) != 1 || g.holder(s).logs("command started") != 1 {
		g.t.Errorf("want %v alone, and no restart: %v, %v", s, list, err)
	}
}

func TestOutage_SIGTERMStopsInOrder(t *testing.T) {
	bothAlone(t, func(t *testing.T, at place) {
		g := newGroup(t, at, roomy)
		a := g.joinAll("a", "b")[0]
		g.workOf(1, 2)
		mend := at.cut(t)
		g.killed = append(g.killed, a)
		a.signal(unix.SIGTERM)
		if code := a.exit(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		if a.logs("the term stays open, and peers wait until this instance counts as an orphan") != 1 {
			t.Error("the log does not warn that peers have to wait")
		}
		mend()
		g.work(2)
		g.conclude()
	})
}

func TestOutage_DeletedFileIsMadeAnew(t *testing.T) {
	t.Parallel()
	at := onSQLite(t)
	g := newGroup(t, at, enduring) // b must not take the terms for lost before the next beat of a
	a := g.joinAll("a", "b")[0]
	g.workOf(1, 2)
	if err := os.Remove(at.path); err != nil {
		t.Fatal(err)
	}
	a.await("this registration was deleted")
	testkit.Until(t, "work in the new registry", func() bool {
		list, err := readSpans(g.spans)
		return err == nil && len(list) == 2
	})
	for _, m := range g.members {
		m.signal(unix.SIGTERM)
		if code := m.exit(); code != 0 {
			t.Errorf("%s ended with %d", m.name, code)
		}
	}
	// The new file begins with term 1 again. So fencing tokens no longer protect anything,
	// but still no two instances may work at the same time.
	list, err := readSpans(g.spans)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].term = int64(i + 1)
	}
	if err := checkSpans(list); err != nil {
		t.Error(err)
	}
}

func TestOutage_PrimaryKilledUnderLoadCostsNoWork(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 3)
	at := place{uri: set.URI(), set: set}
	g := newGroup(t, at, enduring)
	g.joinAll("a", "b")
	s := g.workOf(1, 2)

	var written atomic.Int64
	stop := load(t, set.URI(), &written)
	testkit.Until(t, "load", func() bool { return written.Load() > 20 })
	primary := set.Primary(t)
	killed, before := time.Now(), written.Load()
	set.Kill(t, primary)
	testkit.Until(t, "a new primary", func() bool { return set.Primary(t) != primary })
	elected := time.Since(killed)
	testkit.Until(t, "the load to go on", func() bool { return written.Load() > before+20 })
	t.Logf("a new primary after %v, the load writes again after %v; the lease is %v", elected, time.Since(killed), enduring.Lease())
	g.beat()
	stop()
	g.keeps(s)
	g.conclude()
}

// beat waits until every member has written one more beat.
func (g *group) beat() {
	g.t.Helper()
	reg := g.at.open(g.t)
	beats := func() map[uuid.UUID]int64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		list, _, err := reg.Instances(ctx, "default")
		if err != nil {
			return nil
		}
		all := map[uuid.UUID]int64{}
		for _, in := range list {
			all[in.ID] = in.Beat
		}
		return all
	}
	var before map[uuid.UUID]int64
	testkit.Until(g.t, "the registry to answer", func() bool {
		before = beats()
		return len(before) == len(g.members)
	})
	testkit.Until(g.t, "every member to beat", func() bool {
		now := beats()
		for id, beat := range before {
			if now[id] <= beat {
				return false
			}
		}
		return true
	})
}

// load writes to another database as fast as the servers accept it.
func load(t *testing.T, uri string, written *atomic.Int64) (stop func()) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			once, cancel := context.WithTimeout(ctx, time.Second)
			if _, err := client.Database("load").Collection("c").InsertOne(once, bson.D{{Key: "text", Value: "load"}}); err == nil {
				written.Add(1)
			}
			cancel()
		}
	}()
	stop = func() {
		cancel()
		<-done
		_ = client.Disconnect(context.Background())
	}
	t.Cleanup(cancel)
	return stop
}
