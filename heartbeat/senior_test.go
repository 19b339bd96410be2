package heartbeat

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// The senior is dead, but not for long enough to be seen.
func TestMachine_CompetesAtAnInstantOfItsOwnWithoutTheSenior(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		holder string
		goes   func(p *participant, holder uuid.UUID)
		act    kind
	}{
		{"leaves", func(p *participant, holder uuid.UUID) {
			p.run(2 * timing.Interval)
			p.peer(timing)
			p.end(1, holder)
			p.tell(woken{})
		}, kindBeginTerm},
		{"crashes", func(p *participant, holder uuid.UUID) {
			p.run(timing.OrphanAfter - 2*timing.Interval)
			p.peer(timing)
			p.run(2*timing.Interval + timing.Interval/2)
		}, kindDeleteOrphan},
	} {
		t.Run(tt.holder, func(t *testing.T) {
			var after []time.Duration
			for range 20 {
				p := newParticipant(t, timing)
				p.m.self.Priority = -1
				holder := p.peer(timing)
				p.begin(1, holder)
				tt.goes(p, holder)
				for !p.m.vacancy.found {
					p.run(timing.Interval / 100)
				}
				since := p.m.vacancy.since
				p.run(3 * timing.Interval)
				asked, acts := p.requests(kindCandidate), p.requests(tt.act)
				if len(asked) > 1 || len(acts) != 1 { // it may know that another is senior
					t.Fatalf("asked %d times who is senior, acted %d times", len(asked), len(acts))
				}
				after = append(after, acts[0]-since)
			}
			slices.Sort(after)
			if after[0] < timing.Interval || after[19] > 2*timing.Interval {
				t.Errorf("acts between %v and %v after it saw the vacancy", after[0], after[19])
			}
			if n := len(slices.Compact(after)); n < 20 {
				t.Errorf("20 act at %d instants", n)
			}
		})
	}
}

func TestMachine_SeniorActsAtOnce(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.m.self.Priority = 1
	holder := p.peer(timing)
	p.begin(1, holder)
	p.run(timing.OrphanAfter - 2*timing.Interval)
	p.peer(timing)
	p.run(4 * timing.Interval)
	asked, acts := p.requests(kindCandidate), p.requests(kindBeginTerm)
	if len(asked) != 1 || len(acts) != 1 || asked[0] != acts[0] || p.registered(holder) {
		t.Errorf("asked at %v, acted at %v", asked, acts)
	}
}

// Instances count as alive if they have beaten since three intervals before this
// instance's latest beat.
func TestMachine_SearchesTheSeniorAroundItsLatestBeat(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.begin(1, other)
	p.run(5*timing.Interval + timing.Interval/3)
	p.end(1, other)
	asked := 0
	p.fateOf = func(c request) fate {
		if c.forTakeover() {
			asked++
			heartbeat, now := p.reg.instances[p.m.registration.id].Heartbeat, p.reg.clock()
			if got := heartbeat.Sub(c.time.Add(-c.within)); (got - 3*timing.Interval).Abs() > time.Microsecond {
				t.Errorf("live from %v before the last beat", got)
			}
			if got := c.time.Add(c.within).Sub(now); (got - 3*timing.Interval).Abs() > time.Microsecond {
				t.Errorf("live until %v after now", got)
			}
		}
		return fine
	}
	p.tell(woken{})
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// killable is a member that can be made to vanish, with all that it requests.
type killable struct {
	*testMember
	reg *flaky
}

// latent is a registry whose views take some time.
type latent struct {
	registry.Registry
	takes time.Duration
}

func (l latent) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	time.Sleep(l.takes)
	return l.Registry.View(ctx, group, except...)
}

func (s *scenario) joinKillable(priority int, change ...func(*Config)) killable {
	reg := &flaky{store: s.reg.store}
	first := func(c *Config) { c.Registry, c.Priority = reg, priority }
	return killable{reg: reg, testMember: s.join(append([]func(*Config){first}, change...)...)}
}

func (m killable) vanish() { m.reg.set(func(kind, registry.Instance) fate { return hung }) }

// The candidate with the highest priority is the last to see that the holder is silent.
func TestMember_HighestPriorityTakesOverAfterACrash(t *testing.T) {
	i, silence := registry.DefaultTiming.Interval, registry.DefaultTiming.OrphanAfter
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		holder := s.joinKillable(0)
		s.until(time.Second, "works", func() bool { return holder.works() == 1 })
		low, mid := s.joinKillable(1), s.joinKillable(3)
		high := s.joinKillable(5, func(c *Config) { c.Registry = latent{c.Registry, i / 2} })
		time.Sleep(10 * i)
		holder.vanish()
		took := s.until(silence+5*i, "one works", func() bool { return low.works()+high.works()+mid.works() > 0 })
		t.Logf("after %v", took)
		if high.works() != 2 {
			t.Errorf("not the one with the highest priority works, but another")
		}
		s.leaveAll(low.testMember, mid.testMember, high.testMember, holder.testMember)
	})
}

func TestMember_NextOneTakesOverWhenTheSeniorIsDeadToo(t *testing.T) {
	i, silence := registry.DefaultTiming.Interval, registry.DefaultTiming.OrphanAfter
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		holder := s.joinKillable(0)
		s.until(time.Second, "works", func() bool { return holder.works() == 1 })
		low, high, mid := s.joinKillable(1), s.joinKillable(5), s.joinKillable(3)
		time.Sleep(10 * i)
		holder.vanish()
		s.always(silence-2*i, "nobody yet", func() bool { return low.works()+high.works()+mid.works() == 0 })
		high.vanish()
		took := s.until(2*i+3*i+i/2, "the next works", func() bool { return low.works()+mid.works() == 2 })
		t.Logf("after another %v", took)
		s.leaveAll(low.testMember, mid.testMember, high.testMember, holder.testMember)
	})
}

func TestMember_ManyPassiveInstancesCostOneInsert(t *testing.T) {
	i, b := registry.DefaultTiming.Interval, registry.DefaultTiming.Slack()
	for _, tt := range []struct {
		what        string
		watch       bool
		dead        bool // the senior
		least, most time.Duration
	}{
		{"watched", true, false, 0, 0},
		{"polled", false, false, i / 2, i},
		// Nobody else listens.
		{"watched, the senior is dead", true, true, i, b + 2*i},
		{"polled, the senior is dead", false, true, i, b + 2*i},
	} {
		t.Run(tt.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScenario(t)
				var inserts atomic.Int64
				s.reg.set(func(k kind, _ registry.Instance) fate {
					if k == kindBeginTerm {
						inserts.Add(1)
					}
					return fine
				})
				first := s.joinFirst()
				mayPoll := func(c *Config) {
					if !tt.watch {
						c.Registry = unwatched{c.Registry}
					}
				}
				all := []*testMember{first}
				for range 18 {
					all = append(all, s.join(mayPoll))
					time.Sleep(i / 20)
				}
				senior := s.joinKillable(1, mayPoll)
				time.Sleep(3*i + i/4) // those that poll before the senior see the vacancy before it does
				inserts.Store(0)
				if tt.dead {
					senior.vanish()
				}
				s.leaveAll(first)
				took := s.until(b+3*i, "one works", func() bool {
					sum := senior.works()
					for _, a := range all[1:] {
						sum += a.works()
					}
					return sum == 2
				})
				t.Logf("after %v", took)
				if took < tt.least || took > tt.most {
					t.Errorf("took %v, want %v to %v", took, tt.least, tt.most)
				}
				time.Sleep(5 * i)
				if n := inserts.Load(); tt.dead && n != 1 || !tt.dead && (n != 0 || senior.works() != 2) {
					t.Errorf("%d inserts by those who are not senior; the senior works in term %d", n, senior.works())
				}
				s.leaveAll(append(all, senior.testMember)...)
			})
		})
	}
}
