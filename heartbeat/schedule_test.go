package heartbeat

import (
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// Every kind of request that may go in the background, and the others.
var (
	background = []request{
		{kind: kindCandidate}, {kind: kindSilent}, {kind: kindDeleteOrphan}, {kind: kindEndTerm, past: true}, {kind: kindUnregister, past: true},
	}
	foreground = []request{
		{kind: kindRegister}, {kind: kindView}, {kind: kindClaimant}, {kind: kindBeginTerm},
		{kind: kindDeleteOrphan, number: 7}, {kind: kindEndTerm}, {kind: kindUnregister},
	}
)

func TestSchedule_OneRequestAtATimeForEachSlot(t *testing.T) {
	for _, first := range append(background, foreground...) {
		var s schedule
		sent := s.send(first, 5*second, 10*second)
		if sent.seq != 1 || sent.sent != 5*second || sent.timeout != 10*second {
			t.Errorf("%s: sent as %+v", first.kind, sent)
		}
		if s.slotOf(first).free(6 * second) {
			t.Errorf("%s: its slot is free", first.kind)
		}
		free := &s.election
		if !first.inBackground() {
			free = &s.background
		}
		if !free.free(6 * second) {
			t.Errorf("%s: takes the other slot too", first.kind)
		}
		if !s.answered(sent) || !s.slotOf(first).free(6*second) {
			t.Errorf("%s: its answer does not free its slot", first.kind)
		}
	}
}

func TestSchedule_BeatTakesNoSlot(t *testing.T) {
	var s schedule
	if r := s.send(request{kind: kindBeat}, 0, second); r.seq != 1 || !s.election.free(0) || !s.background.free(0) {
		t.Errorf("sent as %+v, the slots are %+v", r, s)
	}
}

func TestSchedule_TimeoutOfARequestStays(t *testing.T) {
	if r := new(schedule).send(request{kind: kindView, timeout: second}, 0, 10*second); r.timeout != second {
		t.Errorf("timeout %v", r.timeout)
	}
}

func TestSchedule_AnswerThatNothingWaitsForIsNoAnswer(t *testing.T) {
	var s schedule
	first := s.send(request{kind: kindView}, 0, second)
	s.election.drop()
	second := s.send(request{kind: kindView}, 0, second)
	if s.answered(first) {
		t.Error("the answer to the request that was dropped counts")
	}
	if !s.answered(second) || s.answered(second) {
		t.Error("an answer counts once")
	}
}

// Requests that may still create something of ours are waited for when that has to be
// undone.
func TestSchedule_MakeWayWaitsForWhatMayStillCreate(t *testing.T) {
	for _, r := range append(background, foreground...) {
		var s schedule
		s.send(r, 0, second)
		s.election.want(&request{kind: kindClaimant})
		s.background.want(&request{kind: kindSilent})
		s.makeWay()
		waits := r.kind == kindRegister || r.kind == kindBeginTerm || r.kind == kindEndTerm && r.past
		if got := !s.slotOf(r).free(0); got != waits {
			t.Errorf("%s (of the past: %v) is waited for: %v", r.kind, r.past, got)
		}
		if s.election.wanted != nil || s.background.wanted != nil {
			t.Errorf("%s: requests are still wanted", r.kind)
		}
	}
}

func TestSchedule_TakeoverThatIsOverLeavesTheSearchForAPeer(t *testing.T) {
	for _, search := range []purpose{forPeer, forTakeover} {
		var s schedule
		s.election.want(&request{kind: kindClaimant})
		s.background.want(&request{kind: kindCandidate, search: search})
		s.dropTakeover()
		if s.election.wanted != nil || (s.background.wanted != nil) != (search == forPeer) {
			t.Errorf("search %v: wanted %v and %v", search, s.election.wanted, s.background.wanted)
		}
	}
}

func TestSlot_WaitsAfterAFailure(t *testing.T) {
	var s slot
	s.delay(10 * second)
	s.delay(5 * second)
	if s.free(10*second-1) || !s.free(10*second) {
		t.Error("a shorter delay replaces a longer one")
	}
	if s.hasten(); !s.free(0) {
		t.Error("not free although it is hastened")
	}
}

func TestSlot_GivesAWantedRequestOnce(t *testing.T) {
	var s slot
	r := &request{kind: kindClaimant}
	s.want(&request{kind: kindView})
	s.want(r)
	if s.take() != r || s.take() != nil {
		t.Error("want the latest request, once")
	}
}

func TestReading_IsDue(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		name string
		set  func(r *reading)
		want bool
	}{
		{"before its time", func(r *reading) { r.at(now + 1) }, false},
		{"at its time", func(r *reading) { r.at(now) }, true},
		{"earlier, by an orphan to come", func(r *reading) { r.at(now + second); r.by(now) }, true},
		{"not later, by an orphan to come", func(r *reading) { r.at(now); r.by(now + second) }, true},
		{"after a change", func(r *reading) { r.at(now + second); r.changed() }, true},
		{"when a watch begins", func(r *reading) { r.at(now + second); r.watched(true) }, true},
		{"when a watch breaks", func(r *reading) { r.at(now + second); r.watched(false) }, true},
		{"a flood of changes", func(r *reading) {
			for range viewsPerSpan {
				r.changed()
				r.due(now, timing)
			}
			r.changed()
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r reading
			tt.set(&r)
			if got := r.due(now, timing); got != tt.want {
				t.Errorf("due: %v", got)
			}
		})
	}
	var r reading
	r.at(now + second)
	if r.changed(); !r.due(now, timing) || r.due(now, timing) {
		t.Error("one change makes one view due")
	}
}

func TestSchedule_BackgroundHasABudget(t *testing.T) {
	var s schedule
	n := 0
	for ; s.cleanable(now, registry.DefaultTiming); n++ {
		s.cleaned(now, registry.DefaultTiming)
	}
	if n != backgroundPerSpan {
		t.Errorf("%d requests at one instant, want %d", n, backgroundPerSpan)
	}
}
