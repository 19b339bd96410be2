package status

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// simulated is a registry in which a test moves the clock and the beats of the
// instances.
type simulated struct {
	registry.Admin
	set     time.Duration // how far the registry's clock is ahead of that of the machine
	terms   []registry.Term
	members []*registry.Instance
}

func newSimulated(instances ...registry.Instance) *simulated {
	s := &simulated{terms: []registry.Term{open(3, 1)}}
	for _, in := range instances {
		s.members = append(s.members, &in)
		s.beat(&in)
	}
	return s
}

func (s *simulated) now() time.Time { return time.Now().Add(s.set) }

func (s *simulated) beat(in *registry.Instance) { in.Beat, in.Heartbeat = in.Beat+1, s.now() }

func (s *simulated) Terms(_ context.Context, _ string, n int) ([]registry.Term, error) {
	return s.terms[:min(n, len(s.terms))], nil
}

func (s *simulated) Instances(context.Context, string) (list []registry.Instance, at time.Time, err error) {
	for _, in := range s.members {
		list = append(list, *in)
	}
	return list, s.now(), nil
}

// pass lets seconds pass. In each of them those members beat that are alive, and then
// the observer takes a snapshot.
func (s *simulated) pass(t *testing.T, o *Observer, seconds int, alive ...int) (g Group) {
	t.Helper()
	for range seconds {
		time.Sleep(time.Second)
		for _, n := range alive {
			s.beat(s.members[n])
		}
		g = s.observe(t, o)
	}
	return g
}

func (s *simulated) observe(t *testing.T, o *Observer) Group {
	t.Helper()
	g, err := o.Observe(t.Context(), s, "g", 1)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// of returns instance number n of a snapshot.
func of(t *testing.T, g Group, n int) Instance {
	t.Helper()
	for _, in := range g.Instances {
		if in.ID == id(n) {
			return in
		}
	}
	t.Fatalf("no instance %d", n)
	return Instance{}
}

// Two instances crash while the registry's clock is two hours ahead. Then the clock is
// corrected.
func TestObserver_HeartbeatAheadOfTheClockIsNoSignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulated(instance(1, 0), instance(2, 0))
		s.set = 2 * time.Hour
		s.beat(s.members[0])
		s.beat(s.members[1])
		s.set = 0
		var o Observer
		g := s.observe(t, &o)
		if want := (Count{Silent: 2}); g.Count() != want || g.Healthy || g.Instances[0].Ahead != Seconds(2*time.Hour) {
			t.Errorf("in the first snapshot: %+v, %s", g.Count(), g.Health)
		}
		if d := o.Doubt(); d != 2*time.Second {
			t.Errorf("in doubt for %v, want an interval and a half, and half a second", d)
		}
		g = s.pass(t, &o, 2)
		if want := (Count{Silent: 2}); g.Count() != want || o.Doubt() > 0 || g.Takeover != nil {
			t.Errorf("two seconds later: %+v, in doubt for %v, takeover by %v", g.Count(), o.Doubt(), g.Takeover)
		}
		if in := of(t, g, 1); in.Age != Seconds(2*time.Second) || in.OrphanIn != Seconds(58*time.Second) {
			t.Errorf("age %v, orphan in %v, want at least the observed silence", in.Age, in.OrphanIn)
		}
	})
}

func TestObserver_BeatAfterTheClockWasSetBackIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulated(instance(1, 0), instance(2, 0))
		s.set = -2 * time.Hour
		var o Observer
		if g := s.observe(t, &o); g.Healthy {
			t.Errorf("in the first snapshot: %s", g.Health)
		}
		g := s.pass(t, &o, 1, 0, 1)
		if want := (Count{Active: 1, Passive: 1}); g.Count() != want || !g.Healthy || o.Doubt() > 0 {
			t.Errorf("after a beat of each: %+v, %s, in doubt for %v", g.Count(), g.Health, o.Doubt())
		}
	})
}

// An observer that takes snapshot after snapshot does not need the registry's clock,
// whichever way that jumps.
func TestObserver_TrustsItsObservationsOverTheClock(t *testing.T) {
	for name, jump := range map[string]time.Duration{"back": -2 * time.Hour, "ahead": 2 * time.Hour, "back by a little": -20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSimulated(instance(1, 0), instance(2, 0), instance(3, 0))
				var o Observer
				s.pass(t, &o, 3, 0, 1, 2)
				s.set = jump
				g := s.observe(t, &o) // before any beat at the new time
				if want := (Count{Active: 1, Passive: 2}); g.Count() != want || !g.Healthy {
					t.Errorf("at the jump: %+v, %s", g.Count(), g.Health)
				}
				g = s.pass(t, &o, 12, 0, 1) // the third one has crashed
				if in := of(t, g, 3); !in.Silent || in.Age < Seconds(12*time.Second) || in.Age > Seconds(13*time.Second) || in.Ahead != 0 {
					t.Errorf("the one that crashed: %+v", in)
				}
				if want := (Count{Active: 1, Passive: 1, Silent: 1}); g.Count() != want {
					t.Errorf("afterwards: %+v", g.Count())
				}
			})
		})
	}
}

// The clock reaches the heartbeat of an instance that crashed while the clock was ahead.
func TestObserver_CrashedInstanceStaysSilentWhenTheClockReachesItsHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulated(instance(1, 0))
		s.set = -20 * time.Second
		var o Observer
		for second := range 40 {
			if g := s.pass(t, &o, 1); g.Healthy && second > 8 {
				t.Fatalf("after %d s: %s", second+1, g.Health)
			}
		}
	})
}

func TestObserver_RareSnapshotsMakeNoInstanceSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulated(instance(1, 0), instance(2, 0))
		var o Observer
		s.observe(t, &o)
		time.Sleep(10 * time.Minute)
		s.beat(s.members[0])
		time.Sleep(2 * time.Second)
		if g := s.observe(t, &o); g.Instances[0].Silent || g.Instances[0].Age != Seconds(2*time.Second) || of(t, g, 2).Age != Seconds(10*time.Minute+2*time.Second) {
			t.Errorf("ages %v and %v", g.Instances[0].Age, of(t, g, 2).Age)
		}
	})
}

func TestObserver_ForgetsInstancesThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulated(instance(1, 0), instance(2, 0))
		var o Observer
		for range 5 {
			s.members[1].ID = uuid.New()
			s.observe(t, &o)
		}
		if len(o.observations) != 2 {
			t.Errorf("%d observations, want 2", len(o.observations))
		}
	})
}

// A lower beat was restored with the registry: its instance did not beat.
func TestObserver_LowerBeatIsNoSignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulated(instance(1, 0))
		s.members[0].Beat = 100
		var o Observer
		s.pass(t, &o, 2, 0)
		s.members[0].Beat = 50
		s.set = -2 * time.Hour
		if g := s.pass(t, &o, 1); g.Healthy || of(t, g, 1).Ahead == 0 {
			t.Error(g.Health)
		}
	})
}
