package heartbeat

import (
	"context"
	"errors"
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
	p.run(timing.Interval)
	p.mark(1) // it comes next
	p.run(timing.OrphanAfter - 2*timing.Interval)
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

// An active instance is frozen, and a peer takes over and finishes the work. The view that
// shows this is the only one that the instance needs: it was there, so it leaves too, and
// does not do the work again.
func TestMachine_FrozenWhileAPeerFinishedTheWorkLeaves(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.m.guarded = true // so that the work may take some time to die
	peer := p.peer(timing)
	p.end(1, p.m.registration.id)
	p.begin(2, peer)
	if err := p.reg.EndTerm(context.Background(), "g", 2, peer, registry.End{Reason: registry.WorkDone, ExitCode: 3}); err != nil {
		t.Fatal(err)
	}
	p.tell(woken{})
	stops := p.stops()
	if len(stops) != 1 || !stops[0].immediate || !errors.Is(stops[0].cause, ErrTermOver) {
		t.Fatalf("the work was told to stop by %+v, want one stop at once", stops)
	}
	beats := len(p.requests(kindBeat))
	p.run(3 * timing.Interval)
	if n := len(p.requests(kindBeat)); n != beats {
		t.Errorf("%d beats for work whose term is over", n-beats)
	}
	p.tell(workGone{term: 1, result: yielded})
	p.run(3 * timing.Interval)
	var result error
	for _, d := range p.did {
		if f, ok := d.action.(finish); ok {
			result = f.err
		}
	}
	var done *WorkDoneError
	if !errors.As(result, &done) || done.Term != 2 || done.Holder != peer || done.ExitCode != 3 {
		t.Errorf("it left with %v, want the result of term 2", result)
	}
	if len(p.requests(kindBeginTerm)) > 0 || len(p.notes(factNewerTerm)) != 1 || len(p.notes(factPeerDone)) != 1 {
		t.Errorf("%d terms begun; told %d times of the newer term and %d times that the work is done",
			len(p.requests(kindBeginTerm)), len(p.notes(factNewerTerm)), len(p.notes(factPeerDone)))
	}
}
