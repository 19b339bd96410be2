package heartbeat

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestGuard_KnowsTheLeaseWheneverTheWorkRuns(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		g := new(fakeGuard)
		a := s.join(underGuard(g))
		left := func() time.Duration { until, _ := g.told(); return until - a.now() }
		s.until(time.Second, "works", func() bool { return a.works() == 1 })
		s.always(3*timing.OrphanAfter, "the guard knows a fresh lease", func() bool {
			return left() > timing.Lease()-2*timing.Interval && left() <= timing.Lease()
		})
		s.reg.set(failRequests(kindBeat))
		time.Sleep(timing.Interval / 4) // one may be under way
		last, _ := g.told()
		time.Sleep(5 * timing.Interval)
		if got, _ := g.told(); got != last {
			t.Errorf("extended to %v without an acknowledged beat, want %v", got, last)
		}
		s.reg.set(nil)
		s.leaveAll(a)
	})
}

func TestGuard_KnowsTheLeaseOfAPassiveMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		g := new(fakeGuard)
		b := s.join(underGuard(g))
		s.until(time.Second, "the guard knows the lease", func() bool { until, _ := g.told(); return until > b.now() })
		if b.works() != 0 {
			t.Error("works beside the other")
		}
		s.leaveAll(a, b)
	})
}

// A program without a command may have a command of nil. It would count as a guard, so
// the work would have no kill timer, and Run would panic when the lease begins.
func TestNew_RefusesAGuardThatIsANilPointer(t *testing.T) {
	var none *fakeGuard
	_, err := New(Config{Registry: newStore(time.Now), Group: "g", Host: "h", Guard: none})
	if err == nil || !strings.Contains(err.Error(), "Guard is a nil pointer") {
		t.Errorf("got %v", err)
	}
}

// The work is asked to stop, and its registration is deleted within the stop grace.
func TestGuard_KillsWorkThatWasAskedToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		g := new(fakeGuard)
		kills := func() int { _, kills := g.told(); return kills }
		s.ignoring = true
		a := s.join(underGuard(g))
		s.until(time.Second, "works", func() bool { return a.works() == 1 })
		s.reg.requestHandover(1, uuid.Nil)
		time.Sleep(time.Second)
		if kills() != 0 {
			t.Fatal("killed within the grace")
		}
		_ = s.reg.store.Unregister(t.Context(), a.Instance())
		s.until(5*time.Second, "killed", func() bool { return kills() == 1 })
		close(a.release)
		s.until(time.Minute, "registered again", func() bool { return a.works() == 2 || a.Instance() != uuid.Nil })
		a.ignores.Store(false)
		a.leave()
		<-a.done
	})
}
