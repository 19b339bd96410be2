package heartbeat

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// beating lets a peer beat while time passes.
func (p *participant) beating(d, interval time.Duration, peers ...uuid.UUID) {
	p.t.Helper()
	for end := p.now + d; p.now < end; {
		for _, id := range peers {
			p.beat(id)
		}
		p.run(interval)
	}
}

// newBehind returns a passive participant with a holder and an older peer, both of which
// beat. Its record is not marked: it is not the next one.
func newBehind(t *testing.T) (p *participant, holder, senior uuid.UUID) {
	t.Helper()
	timing := registry.DefaultTiming
	p = newParticipant(t, timing)
	p.m.self.Priority = -1
	holder, senior = p.peer(timing), p.peer(timing)
	p.begin(1, holder)
	p.beating(20*timing.Interval, timing.Interval, holder, senior)
	return p, holder, senior
}

// mark marks the record of the participant.
func (p *participant) mark(term int64) {
	_ = p.reg.Mark(context.Background(), p.m.registration.id, term)
}

// Whoever is active reads one document per view, and goes on to view its group once per B.
func TestMachine_ViewsWithoutItsOwnRecord(t *testing.T) {
	timing := registry.DefaultTiming
	p := newHearing(t, timing)
	p.reg.unread = 0
	span := 2 * timing.OrphanAfter
	p.run(span)
	if n := len(p.requests(kindView)); p.reg.unread != n {
		t.Errorf("%d of %d views left its record out", p.reg.unread, n)
	}
	if o, least := p.m.observations.holder, p.now-timing.Slack()-timing.Interval; o.id != p.m.registration.id || o.since < least {
		t.Errorf("observed %+v, want itself, since %v at least", o, least)
	}
	if n, want := len(p.requests(kindView)), int(span/timing.Slack()); n < want-1 || n > want+1 {
		t.Errorf("%d views in %v, want %d", n, span, want)
	}
}

func TestMachine_WhoIsNotNextDoesNotListenAndViewsOncePerB(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder, senior := newBehind(t)
	p.did = nil
	p.beating(30*timing.Interval, timing.Interval, holder, senior)
	if p.m.bell.listens() {
		t.Error("it listens")
	}
	if n, most := len(p.requests(kindView)), int(30*timing.Interval/timing.Slack())+1; n > most {
		t.Errorf("%d views in 30 intervals, want %d at most", n, most)
	}
	if n := len(p.requests(kindBeat)); n < 29 {
		t.Errorf("%d beats in 30 intervals", n)
	}
}

func TestMachine_MarkedOneAndTheActiveOneListen(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder, senior := newBehind(t)
	if p.m.bell.listens() {
		t.Fatal("it listens without a mark")
	}
	p.mark(1)
	p.beating(timing.Interval, timing.Interval, holder, senior)
	number := p.m.bell.number
	if number == 0 {
		t.Fatal("its beat has shown the mark, and it does not listen")
	}
	p.end(1, holder)
	p.delete(senior)
	p.beating(3*timing.Interval, timing.Interval)
	if !p.m.tenure.active() || p.m.bell.number != number {
		t.Errorf("active: %v, listens as number %d, want %d", p.m.tenure.active(), p.m.bell.number, number)
	}
	p.yields = true
	p.tell(leave{})
	if p.m.bell.listens() {
		t.Error("it listens although it leaves")
	}
}

func TestMachine_MarkCountsUntilALaterTerm(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder, senior := newBehind(t)
	p.mark(1)
	p.beating(2*timing.Interval, timing.Interval, holder, senior)
	if !p.m.bell.listens() {
		t.Fatal("it does not listen")
	}
	p.end(1, holder)
	p.begin(2, senior)
	p.tell(woken{})
	if p.m.bell.listens() {
		t.Error("it listens because of a mark of an earlier term")
	}
	p.mark(registry.AnyTerm)
	p.beating(2*timing.Interval, timing.Interval, senior)
	if !p.m.bell.listens() {
		t.Error("it does not listen where everybody should")
	}
}

// The record of a later registration has no mark.
func TestMachine_MarkEndsWithTheRegistration(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder, senior := newBehind(t)
	p.mark(1)
	p.beating(2*timing.Interval, timing.Interval, holder, senior)
	p.delete(p.m.registration.id)
	p.beating(2*timing.Interval, timing.Interval, holder, senior)
	if p.m.phase != member || p.m.bell.listens() {
		t.Errorf("phase %s, listens: %v", p.m.phase, p.m.bell.listens())
	}
}

// What is no mark of this program makes an instance listen at most.
func TestMachine_ForgedMarkCausesNothingButListening(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder, senior := newBehind(t)
	for _, mark := range []int64{-1, 0, 1 << 62} {
		p.did = nil
		p.mark(mark)
		p.beating(9*timing.Interval, timing.Interval, holder, senior)
		if p.m.bell.listens() != (mark > 0) || len(p.requests(kindBeginTerm))+len(p.requests(kindCandidate)) > 0 {
			t.Errorf("mark %d: listens: %v, did %v", mark, p.m.bell.listens(), p.did)
		}
	}
}

// A notice of an earlier listening says nothing about the present one.
func TestMachine_NewsOfAnEarlierListeningDoNotCount(t *testing.T) {
	p := newActive(t, registry.DefaultTiming)
	number := p.m.bell.number
	p.tell(watching{number, true})
	p.tell(watching{number - 1, false})
	if !p.m.schedule.reading.watching {
		t.Error("the present watch counts as broken")
	}
}

func TestMachine_NoticeForAnotherHasTheGroupReadALittleLater(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		name string
		who  func(p *participant) uuid.UUID
		now  bool
	}{
		{"for nobody", func(*participant) uuid.UUID { return uuid.Nil }, true},
		{"for this one", func(p *participant) uuid.UUID { return p.m.registration.id }, true},
		{"for another", func(*participant) uuid.UUID { return uuid.New() }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, holder, senior := newBehind(t)
			for p.m.schedule.reading.next < p.now+2*timing.Interval { // just after a view
				p.beating(timing.Interval/10, timing.Interval/10, holder, senior)
			}
			p.did = nil
			begun := p.now
			p.tell(woken{tt.who(p)})
			p.run(timing.Interval - time.Nanosecond)
			at := p.requests(kindView)
			if len(at) != 1 {
				t.Fatalf("%d views within an interval", len(at))
			}
			if want := begun + partOf(p.m.timing.Interval, p.m.registration.id); tt.now && at[0] != begun || !tt.now && at[0] != want {
				t.Errorf("viewed after %v, at once: %v, or after %v", at[0]-begun, tt.now, want-begun)
			}
		})
	}
}

func TestMachine_FloodOfNoticesCausesFewViews(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	for range 1000 {
		p.now += timing.Interval / 1000
		p.tell(woken{})
	}
	if n := len(p.requests(kindView)); n > 2*wakesPerSpan+1 {
		t.Errorf("%d views in an interval, want %d at most", n, 2*wakesPerSpan+1)
	}
	p.did = nil
	p.run(timing.Interval)
	if len(p.requests(kindView)) == 0 {
		t.Error("the last notice caused no view at all")
	}
}

// Whom the leaving one has named takes over without a search of its own, if the group is
// vacant. Otherwise the notice means nothing.
func TestMachine_WhoIsNamedTakesOverAtOnce(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder, _ := newBehind(t)
	p.tell(woken{p.m.registration.id})
	p.beating(3*timing.Interval, timing.Interval, holder)
	if p.m.tenure.active() {
		t.Fatal("took over from a holder that works")
	}
	p.did = nil
	begun := p.now
	_ = p.reg.EndTerm(context.Background(), "g", 1, holder, registry.End{Reason: registry.Stopped, Next: p.m.registration.id})
	p.tell(woken{p.m.registration.id})
	p.run(timing.Interval / 2)
	if at := p.requests(kindBeginTerm); len(at) != 1 || at[0] != begun || len(p.requests(kindCandidate)) != 0 {
		t.Errorf("began a term at %v, after %d searches; want it at %v, after none", at, len(p.requests(kindCandidate)), begun)
	}
}

// While the holder is silent, the group is read once per B until the holder may be an orphan.
// Whoever does not listen leaves a head start to the one that does.
func TestMachine_ReadsASilentHolderOncePerB(t *testing.T) {
	timing := registry.DefaultTiming
	for _, marked := range []bool{false, true} {
		p, holder, senior := newBehind(t)
		if marked {
			p.mark(1)
			p.beating(2*timing.Interval, timing.Interval, holder, senior)
			p.tell(watching{p.m.bell.number, true})
		}
		p.run(timing.Interval / 3)
		p.beat(holder) // the last one
		p.run(timing.Slack())
		p.did = nil
		p.run(timing.OrphanAfter - 2*timing.Slack() - timing.Interval)
		if n, most := len(p.requests(kindView)), int(timing.OrphanAfter/timing.Slack()); n > most {
			t.Errorf("marked: %v: %d views of a silent holder, want %d at most", marked, n, most)
		}
		orphan := p.m.observations.holder.orphanAt()
		p.did = nil
		p.run(timing.Slack() + 2*timing.Interval)
		want := orphan
		if !marked {
			want += (timing.Interval + partOf(p.m.timing.Interval, p.m.registration.id)) / 2
		}
		var first time.Duration // after it may be an orphan
		for _, at := range p.requests(kindView) {
			if at >= orphan && first == 0 {
				first = at
			}
		}
		if first != want {
			t.Errorf("marked: %v: views at %v, want none from %v to %v", marked, p.requests(kindView), orphan, want)
		}
	}
}
