package heartbeat

import (
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// A hint may be answered while a view is under way. What follows from the hint is void
// once that view shows a later term, although the record of the earlier holder may still
// be there.
func TestMachine_LaterViewCancelsATakeover(t *testing.T) {
	if !takeoverOvertaken {
		t.Skip("takeoverOvertaken is off: the protocol does not hold against it yet")
	}
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.m.self.Priority = 1
	first := p.peer(timing)
	p.begin(1, first)
	p.run(timing.OrphanAfter - timing.Interval)
	p.fateOf = func(c request) fate {
		if c.kind == kindCandidate || c.kind == kindView && len(p.hung) > 0 {
			return hung
		}
		return fine
	}
	p.run(5 * timing.Interval / 2)
	if len(p.hung) != 2 || p.hung[0].kind != kindCandidate || p.hung[1].kind != kindView {
		t.Fatalf("under way: %v", p.hung)
	}
	p.end(1, first)
	second := p.peer(timing)
	p.begin(2, second)
	p.release()
	for end := p.now + 10*timing.Interval; p.now < end; {
		p.beat(second)
		p.run(timing.Interval / 2)
	}
	if !p.reg.terms[1].Open() || len(p.requests(kindBeginTerm)) > 0 || p.m.observations.deposed.id == second {
		t.Errorf("terms %+v, asked for one at %v", p.reg.terms, p.requests(kindBeginTerm))
	}
}
