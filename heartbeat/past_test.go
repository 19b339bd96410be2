package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Terms count as lost when all views have shown the past for 3·B.
func TestMachine_TermsAreLostAfterViewsOfThePastWithoutABreak(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		between string
		happens func(p *participant)
	}{
		{"a view of the present", func(p *participant) {
			past := p.past
			p.past = nil
			p.run(timing.Overdue())
			p.past = past
		}},
		{"a freeze", func(p *participant) { p.pass(2 * timing.Overdue()) }},
		{"a new registration", func(p *participant) {
			id := p.m.registration.id
			p.delete(id)
			p.fateOf = fateOfKinds(broke, kindRegister)
			p.run(timing.Overdue())
			p.fateOf = nil
			p.run(2 * timing.Interval)
			if p.m.registration.id == id || p.m.registration.id == uuid.Nil {
				p.t.Fatal("did not register again")
			}
		}},
	} {
		t.Run(tt.between, func(t *testing.T) {
			p := newParticipant(t, timing)
			p.yields = true
			p.begin(1, other)
			p.end(1, other)
			present := p.reg.clone()
			p.run(3 * timing.Interval)
			if !p.m.tenure.work.running {
				t.Fatal("does not work")
			}
			p.past = &store{clock: present.clock, instances: present.instances, terms: present.terms[:1]}
			p.run(timing.Interval)
			tt.happens(p)
			p.run(timing.Overdue() - 3*timing.Interval)
			if n := len(p.notes(factTermsLost)); n != 0 {
				t.Fatal("two reads of the past, and the terms count as lost")
			}
			p.run(4 * timing.Interval)
			if n := len(p.notes(factTermsLost)); n != 1 {
				t.Errorf("views showed the past for longer, and it was logged %d times that terms were lost", n)
			}
		})
	}
}

func TestMachine_ViewsTheHolderAtItsPaceWhileAWatchWorks(t *testing.T) {
	s := time.Second
	short, long := registry.DefaultTiming, registry.Timing{Interval: 5 * s, OrphanAfter: 300 * s, StopGrace: 30 * s}
	for _, tt := range []struct {
		what         string
		mine, others registry.Timing
	}{{"the holder has more time", short, long}, {"the holder has less time", long, short}} {
		t.Run(tt.what, func(t *testing.T) {
			p := newParticipant(t, tt.mine)
			holder := p.peer(tt.others)
			p.begin(1, holder)
			p.run(2 * tt.mine.Interval) // it comes first of one, and listens
			p.tell(watching{p.m.bell.number, true})
			p.did = nil
			for range 100 {
				p.beat(holder)
				p.run(tt.others.Interval)
			}
			at := p.requests(kindView)
			if len(at) < 20 {
				t.Fatalf("%d views", len(at))
			}
			for i := range at[3:] {
				if got, want := at[3+i]-at[2+i], tt.others.Slack(); got != want {
					t.Fatalf("views again after %v, want the holder's B, %v", got, want)
				}
			}
		})
	}
}

// A view that is older than an earlier one may also mean that terms are lost. So what was to
// follow from the earlier one does not happen.
func TestMachine_OldViewEndsATakeover(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	holder := p.peer(timing)
	p.begin(1, holder)
	p.begin(2, holder)
	p.run(2 * timing.Interval)
	p.fateOf = fateOfKinds(hung, kindCandidate)
	before := p.reg.clone()
	p.end(2, holder)
	for range 10 {
		if len(p.hung) == 0 {
			p.run(timing.Interval)
		}
	}
	if len(p.hung) != 1 {
		t.Fatalf("%d searches for the senior hang, want 1", len(p.hung))
	}
	p.past = &store{clock: before.clock, instances: before.instances, terms: before.terms[:1]}
	views := len(p.requests(kindView))
	p.run(timing.Interval)
	if len(p.requests(kindView)) == views {
		t.Fatal("the group was not read again")
	}
	p.release()
	if n := len(p.requests(kindBeginTerm)); n != 0 {
		t.Errorf("%d terms were begun on a view before the last one", n)
	}
	p.past = nil
	p.run(4 * timing.Interval)
	if !p.m.tenure.work.running {
		t.Error("views show the vacancy again, and the takeover does not go on")
	}
}
