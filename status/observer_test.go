package status

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// stage is a registry whose clock and whose instances' beats a test moves.
type stage struct {
	registry.Admin
	set    time.Duration // by how much the registry's clock is ahead of the machine's
	terms  []registry.Term
	actors []*registry.Instance
}

func newStage(instances ...registry.Instance) *stage {
	s := &stage{terms: []registry.Term{open(3, 1)}}
	for _, in := range instances {
		s.actors = append(s.actors, &in)
		s.beat(&in)
	}
	return s
}

func (s *stage) now() time.Time { return time.Now().Add(s.set) }

func (s *stage) beat(in *registry.Instance) { in.Beat, in.Heartbeat = in.Beat+1, s.now() }

func (s *stage) Terms(_ context.Context, _ string, n int) ([]registry.Term, error) {
	return s.terms[:min(n, len(s.terms))], nil
}

func (s *stage) Instances(context.Context, string) (list []registry.Instance, at time.Time, err error) {
	for _, in := range s.actors {
		list = append(list, *in)
	}
	return list, s.now(), nil
}

// pass lets time pass, in which some beat each second, and looks each second.
func (s *stage) pass(t *testing.T, o *Observer, seconds int, alive ...int) (g Group) {
	t.Helper()
	for range seconds {
		time.Sleep(time.Second)
		for _, n := range alive {
			s.beat(s.actors[n])
		}
		g = s.look(t, o)
	}
	return g
}

func (s *stage) look(t *testing.T, o *Observer) Group {
	t.Helper()
	g, err := o.Look(t.Context(), s, "g", 1)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

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

// Two crash while the registry's clock is two hours ahead; then that is set right.
func TestHeartbeatsAheadOfTheClockAreNoSignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(instance(1, 0), instance(2, 0))
		s.set = 2 * time.Hour
		s.beat(s.actors[0])
		s.beat(s.actors[1])
		s.set = 0
		var o Observer
		g := s.look(t, &o)
		if want := (Count{Silent: 2}); g.Count() != want || g.Healthy || g.Instances[0].Ahead != Seconds(2*time.Hour) {
			t.Errorf("at first sight: %+v, %s", g.Count(), g.Health)
		}
		if d := o.Doubt(); d != 2*time.Second {
			t.Errorf("in doubt for %v, want an interval and a half, and some", d)
		}
		g = s.pass(t, &o, 2)
		if want := (Count{Silent: 2}); g.Count() != want || o.Doubt() > 0 || g.Takeover != nil {
			t.Errorf("two seconds later: %+v, in doubt for %v, takeover by %v", g.Count(), o.Doubt(), g.Takeover)
		}
		if in := of(t, g, 1); in.Age != Seconds(2*time.Second) || in.OrphanIn != Seconds(58*time.Second) {
			t.Errorf("age %v, orphan in %v, want at least what was seen", in.Age, in.OrphanIn)
		}
	})
}

func TestWhoBeatsAfterTheClockWasSetBackLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(instance(1, 0), instance(2, 0))
		s.set = -2 * time.Hour
		var o Observer
		if g := s.look(t, &o); g.Healthy {
			t.Errorf("at first sight: %s", g.Health)
		}
		g := s.pass(t, &o, 1, 0, 1)
		if want := (Count{Active: 1, Passive: 1}); g.Count() != want || !g.Healthy || o.Doubt() > 0 {
			t.Errorf("after a beat of each: %+v, %s, in doubt for %v", g.Count(), g.Health, o.Doubt())
		}
	})
}

// Who looks again and again does not need the registry's clock, whichever way it
// jumps.
func TestObserverTrustsWhatItSawOverTheClock(t *testing.T) {
	for name, jump := range map[string]time.Duration{"back": -2 * time.Hour, "ahead": 2 * time.Hour, "back by a little": -20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(instance(1, 0), instance(2, 0), instance(3, 0))
				var o Observer
				s.pass(t, &o, 3, 0, 1, 2)
				s.set = jump
				g := s.look(t, &o) // before anybody beats by the new time
				if want := (Count{Active: 1, Passive: 2}); g.Count() != want || !g.Healthy {
					t.Errorf("at the jump: %+v, %s", g.Count(), g.Health)
				}
				g = s.pass(t, &o, 12, 0, 1) // and the third one is dead
				if in := of(t, g, 3); !in.Silent || in.Age < Seconds(12*time.Second) || in.Age > Seconds(13*time.Second) || in.Ahead != 0 {
					t.Errorf("the dead one: %+v", in)
				}
				if want := (Count{Active: 1, Passive: 1, Silent: 1}); g.Count() != want {
					t.Errorf("afterwards: %+v", g.Count())
				}
			})
		})
	}
}

// The clock passes the heartbeat of one that died while it was ahead.
func TestDeadOneDoesNotLookAliveWhenTheClockComesToItsHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(instance(1, 0))
		s.set = -20 * time.Second
		var o Observer
		for second := range 40 {
			if g := s.pass(t, &o, 1); g.Healthy && second > 8 {
				t.Fatalf("after %d s: %s", second+1, g.Health)
			}
		}
	})
}

func TestRareLooksMakeNobodySilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(instance(1, 0), instance(2, 0))
		var o Observer
		s.look(t, &o)
		time.Sleep(10 * time.Minute)
		s.beat(s.actors[0])
		time.Sleep(2 * time.Second)
		if g := s.look(t, &o); g.Instances[0].Silent || g.Instances[0].Age != Seconds(2*time.Second) || of(t, g, 2).Age != Seconds(10*time.Minute+2*time.Second) {
			t.Errorf("ages %v and %v", g.Instances[0].Age, of(t, g, 2).Age)
		}
	})
}

func TestObserverForgetsWhoIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(instance(1, 0), instance(2, 0))
		var o Observer
		for range 5 {
			s.actors[1].ID = uuid.New()
			s.look(t, &o)
		}
		if len(o.seen) != 2 {
			t.Errorf("it remembers %d", len(o.seen))
		}
	})
}

// A beat that a restored registry shows was not counted up.
func TestLowerBeatIsNoSignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(instance(1, 0))
		s.actors[0].Beat = 100
		var o Observer
		s.pass(t, &o, 2, 0)
		s.actors[0].Beat = 50
		s.set = -2 * time.Hour
		if g := s.pass(t, &o, 1); g.Healthy || of(t, g, 1).Ahead == 0 {
			t.Error(g.Health)
		}
	})
}
