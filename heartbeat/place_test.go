package heartbeat

import (
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestPlace_IsWantedOnceTheRecordBeginsToShowACandidate(t *testing.T) {
	var p place
	p.begin(false)
	if p.wanted || p.shows(false) {
		t.Fatal("wanted by who is no candidate")
	}
	if !p.shows(true) || !p.wanted {
		t.Fatal("not wanted by who has become a candidate")
	}
	if p.shows(true) || !p.wanted {
		t.Error("the next beat counts as another beginning, or has ended the wish")
	}
	if p.shows(false) || p.wanted {
		t.Error("still wanted by who is no candidate any more")
	}
	p.begin(true)
	p.decided(7)
	if p.shows(true) || p.wanted {
		t.Error("wanted again after it was decided")
	}
	if got := p.take(); got != 7 || p.take() != 0 {
		t.Errorf("to be searched after term %d, want 7, and once", got)
	}
}

func TestPlace_CountsForItsTermAndForAWhile(t *testing.T) {
	var p place
	if p.comesNext(0, now) {
		t.Error("comes next without having searched")
	}
	p.found(7, now+second)
	if !p.comesNext(7, now) || p.comesNext(8, now) || p.comesNext(7, now+second) {
		t.Error("does not count for term 7 alone, and for a second")
	}
}

func TestMachine_WhoHasRegisteredAndComesNextListensAtOnce(t *testing.T) {
	timing := registry.DefaultTiming
	for _, behind := range []bool{false, true} {
		p := newParticipant(t, timing)
		p.m.self.Priority = -1
		peers := []uuid.UUID{p.peer(timing)}
		p.begin(1, peers[0])
		if behind {
			peers = append(peers, p.peer(timing))
		}
		begun := p.now
		p.tell(tick{})
		if at := p.searches(forPlace); len(at) != 1 || at[0] != begun || p.m.bell.listens() == behind {
			t.Errorf("another is before it: %v: searched at %v, listens: %v", behind, at, p.m.bell.listens())
		}
		p.beating(9*timing.Slack(), timing.Interval, peers...)
		if n := len(p.searches(forPlace)); n != 1 {
			t.Errorf("another is before it: %v: searched %d times", behind, n)
		}
	}
}

// Somebody else may have come first meanwhile. The active instance would have marked this one
// otherwise.
func TestMachine_ListensForAWhileWithoutAMark(t *testing.T) {
	timing := registry.DefaultTiming
	for _, marked := range []bool{false, true} {
		p := newParticipant(t, timing)
		holder := p.peer(timing)
		p.begin(1, holder)
		p.tell(tick{})
		number := p.m.bell.number
		if marked {
			p.mark(1)
		}
		p.beating(searchEvery(timing), timing.Interval, holder)
		if p.m.bell.number != number || number == 0 {
			t.Fatalf("marked: %v: listens as number %d, and before that as %d", marked, p.m.bell.number, number)
		}
		p.beating(3*timing.Interval, timing.Interval, holder)
		if p.m.bell.listens() != marked || marked && p.m.bell.number != number {
			t.Errorf("marked: %v: listens as number %d, and before that as %d", marked, p.m.bell.number, number)
		}
	}
}

// Whoever takes over from nobody searches for its successor, and does that after all have
// registered. Where everybody listens, nobody has to search.
func TestMachine_DoesNotSearchForItsPlaceInVain(t *testing.T) {
	timing := registry.DefaultTiming
	for _, everybody := range []bool{false, true} {
		p := newParticipant(t, timing)
		p.m.self.Priority = -1
		peer := p.peer(timing)
		p.begin(1, peer)
		if p.reg.everybody = everybody; !everybody {
			p.end(1, peer)
		}
		p.tell(tick{})
		p.begin(2, peer)
		p.beating(9*timing.Slack(), timing.Interval, peer)
		if at := p.searches(forPlace); len(at) > 0 {
			t.Errorf("everybody listens: %v: searched at %v", everybody, at)
		}
	}
}

func TestMachine_WhoHasHandedOverAndComesNextListensFromItsNextBeatOn(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	peer := p.peer(timing)
	p.reg.requestHandover(1, uuid.Nil)
	p.tell(woken{p.m.registration.id})
	if p.reg.term(1).Open() {
		t.Fatal("did not hand over")
	}
	p.begin(2, peer)
	p.did = nil
	p.beating(3*timing.Interval, timing.Interval, peer)
	if n := len(p.searches(forPlace)); n != 1 || !p.m.bell.listens() {
		t.Errorf("searched %d times, listens: %v", n, p.m.bell.listens())
	}
}

// ofPlace makes the search for the place meet its fate.
func ofPlace(what fate) func(request) fate {
	return func(r request) fate {
		if r.search == forPlace {
			return what
		}
		return fine
	}
}

func TestMachine_NothingWaitsForTheSearchForItsPlace(t *testing.T) {
	timing := registry.DefaultTiming
	for _, leaves := range []bool{false, true} {
		p := newParticipant(t, timing)
		p.fateOf = ofPlace(hung)
		holder := p.peer(timing)
		p.begin(1, holder)
		p.tell(tick{})
		if len(p.hung) != 1 {
			t.Fatalf("%d requests hang", len(p.hung))
		}
		if leaves {
			p.tell(leave{})
			if p.m.phase != finished {
				t.Errorf("phase %s", p.m.phase)
			}
			continue
		}
		p.end(1, holder)
		p.run(timing.Slack())
		if !p.m.tenure.active() {
			t.Error("does not take over")
		}
		p.release()
		if number := p.m.bell.number; number == 0 || p.m.place.next != 0 {
			t.Errorf("listens as number %d, comes next after term %d", number, p.m.place.next)
		}
	}
}

func TestMachine_SearchForItsPlaceThatFailsIsNotRepeated(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.fateOf = ofPlace(broke)
	holder := p.peer(timing)
	p.begin(1, holder)
	p.beating(9*timing.Slack(), timing.Interval, holder)
	if n := len(p.searches(forPlace)); n != 1 || p.m.bell.listens() {
		t.Errorf("searched %d times, listens: %v", n, p.m.bell.listens())
	}
}

// The answer comes after the term that it is about.
func TestMachine_LatePlaceDoesNotCount(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.m.self.Priority = -1
	p.fateOf = ofPlace(hung)
	holder := p.peer(timing)
	p.begin(1, holder)
	p.tell(tick{})
	next := p.peer(timing)
	p.end(1, holder)
	p.begin(2, next)
	p.beating(timing.Slack(), timing.Interval, next)
	if p.m.observations.highest != 2 || len(p.hung) != 1 {
		t.Fatalf("has seen term %d, %d requests hang", p.m.observations.highest, len(p.hung))
	}
	p.tell(answer{request: p.hung[0], senior: p.m.registration.id})
	if p.m.bell.listens() {
		t.Error("listens because of an earlier term")
	}
}
