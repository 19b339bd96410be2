package heartbeat

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// told collects what a member tells of itself.
type told struct {
	mu      sync.Mutex
	changes []Change
	acked   int
	failed  int
	orphans int
}

func (t *told) listen(c *Config) {
	count := func(n *int) {
		t.mu.Lock()
		defer t.mu.Unlock()
		*n++
	}
	c.OnRole = func(c Change) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.changes = append(t.changes, c)
	}
	c.OnBeat = func(_ time.Duration, err error) {
		if err == nil {
			count(&t.acked)
		} else {
			count(&t.failed)
		}
	}
	c.OnOrphan = func() { count(&t.orphans) }
}

func (t *told) all() []Change {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changes
}

func TestMember_TellsEveryChangeOfRoleWithItsReason(t *testing.T) {
	up := func(id uuid.UUID, term int64, previous registry.Reason) Change {
		return Change{id, registry.Active, term, Promoted, previous}
	}
	down := func(id uuid.UUID, term int64, why registry.Reason) Change {
		return Change{id, registry.Passive, term, why, ""}
	}
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		var first, second told
		a := s.join(first.listen)
		s.until(time.Second, "the first works", func() bool { return a.works() == 1 })
		b := s.join(second.listen)
		s.until(time.Second, "the second is there", func() bool { return b.Instance() != uuid.Nil })

		s.reg.requestHandover(1, uuid.Nil)
		s.until(5*time.Second, "the second works", func() bool { return b.works() == 2 })
		old := b.Instance()
		s.reg.set(func(_ kind, in registry.Instance) fate {
			if in.ID == old {
				return hung
			}
			return fine
		})
		s.until(2*time.Minute, "the first works again", func() bool { return a.works() == 3 })
		s.reg.set(nil)
		s.until(time.Minute, "the second is back", func() bool { return b.State().Ready && b.Instance() != old })
		id := a.Instance()
		s.leaveAll(b, a)

		want := []Change{up(id, 1, ""), down(id, 1, registry.HandedOver), up(id, 3, registry.Orphaned), down(id, 3, registry.Stopped)}
		if d := cmp.Diff(want, first.all()); d != "" {
			t.Errorf("the first told (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]Change{up(old, 2, registry.HandedOver), down(old, 2, registry.LeaseLost)}, second.all()); d != "" {
			t.Errorf("the second told (-want +got):\n%s", d)
		}
		if first.orphans != 1 || first.failed != 0 || first.acked < 60 {
			t.Errorf("the first told of %d orphans, %d beats and %d failed ones", first.orphans, first.acked, first.failed)
		}
		if second.failed == 0 {
			t.Error("the second told of no failed beat")
		}
	})
}

func TestState_ReadyEndsWithTheLastGoodBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		s.reg.set(failRequests(kindRegister))
		a := s.join()
		s.always(time.Second, "not ready", func() bool { return !a.State().Ready && a.Instance() == uuid.Nil })
		s.reg.set(nil)
		s.until(5*time.Second, "works", func() bool { return a.works() == 1 })
		b := s.join()
		s.until(time.Second, "the passive one is ready", func() bool { return b.State().Ready })
		s.always(10*time.Second, "both are ready", func() bool {
			return a.State().Ready && a.State().Role() == registry.Active && b.State().Ready && b.State().Role() == registry.Passive
		})
		last := a.State().LastBeat
		s.reg.set(func(kind, registry.Instance) fate { return hung })
		turns := func() bool { return !a.State().Stuck && !b.State().Stuck }
		s.until(time.Minute, "neither is ready", func() bool {
			if !turns() {
				t.Fatal("a loop stands still")
			}
			return !a.State().Ready && !b.State().Ready
		})
		timing := registry.DefaultTiming
		want := timing.Lease() - timing.StopGrace
		if took := time.Since(last); took < want || took > want+2*time.Second {
			t.Errorf("no longer ready %v after the last beat, want %v", took, want)
		}
		s.always(2*time.Minute, "the loops turn", turns)
		s.reg.set(nil)
		s.until(time.Minute, "both are ready", func() bool { return a.State().Ready && b.State().Ready })
		s.leaveAll(a, b)
		if got := a.State(); got.Ready || !got.Leaving || got.Instance != uuid.Nil || got.Stuck {
			t.Errorf("after it left: %+v", got)
		}
	})
}

func TestState_LoopThatStandsStillIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		release := make(chan struct{})
		a := s.join(func(c *Config) { c.OnRole = func(Change) { <-release } }) // as a log that nobody reads
		s.always(4*time.Second, "not yet stuck", func() bool { return !a.State().Stuck })
		s.until(5*time.Second, "stuck", func() bool { return a.State().Stuck })
		close(release)
		s.until(time.Second, "it turns again", func() bool { return !a.State().Stuck })
		s.leaveAll(a)
	})
}

// Who runs jobs reckons the registry's time by it.
func TestMember_TellsTheRegistrysTimeOfEachAnsweredBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		type answer struct {
			at   time.Time
			sent time.Duration
		}
		var mu sync.Mutex
		var answers []answer
		a := s.join(func(c *Config) {
			c.OnTime = func(at time.Time, sent time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				answers = append(answers, answer{at, sent})
			}
		})
		time.Sleep(10 * time.Second)
		s.reg.set(func(kind, registry.Instance) fate { return hung })
		time.Sleep(5 * time.Second)
		s.reg.set(nil)
		s.leaveAll(a)
		mu.Lock()
		defer mu.Unlock()
		if n := len(answers); n < 9 || n > 13 {
			t.Fatalf("%d answers in 10 seconds of answers", n)
		}
		for i, next := range answers[1:] {
			if last := answers[i]; next.at.Before(last.at) || next.sent < last.sent {
				t.Errorf("%v, and then %v", last, next)
			}
			if skew := (next.at.Sub(answers[0].at) - (next.sent - answers[0].sent)).Abs(); skew > time.Second {
				t.Errorf("the registry's time and the sending are %v apart", skew)
			}
		}
	})
}
