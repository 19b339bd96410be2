package heartbeat

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// newDraining returns a participant that works in term 1 and was given orders, so that its
// work drains.
func newDraining(t *testing.T, o orders) *participant {
	t.Helper()
	p := newActive(t, registry.DefaultTiming)
	p.m.drainable, p.m.guarded = true, true
	if o.handover {
		p.reg.requestHandover(1, uuid.Nil)
		p.tell(woken{})
	}
	if o.leave {
		p.tell(leave{})
	}
	if n := p.drainsBegun(); !slices.Equal(n, []int64{1}) || len(p.stops()) > 0 {
		t.Fatalf("drains %v, told to stop %+v", n, p.stops())
	}
	return p
}

// drainsBegun returns the numbers of the drains that have begun.
func (p *participant) drainsBegun() (numbers []int64) {
	for _, d := range p.did {
		if s, ok := d.action.(startDrain); ok {
			numbers = append(numbers, s.number)
		}
	}
	return numbers
}

// drainsEnded returns how many drains were ended, and whether each of them was ended
// before the work was told to stop.
func (p *participant) drainsEnded() (n int, first bool) {
	first = true
	for _, d := range p.did {
		switch d.action.(type) {
		case endDrain:
			n++
		case stopWork:
			first = first && n > 0
		}
	}
	return n, first
}

var (
	toHandOver = orders{handover: true}
	toLeave    = orders{leave: true}
	both       = orders{handover: true, leave: true}
)

func (o orders) String() string {
	switch o {
	case toHandOver:
		return "handover"
	case toLeave:
		return "stop"
	}
	return "handover and stop"
}

// While work drains, its instance is active as before. Only its record says that it is no
// candidate, so that people see that it steps down.
func TestMachine_IsActiveAsBeforeWhileItsWorkDrains(t *testing.T) {
	timing := registry.DefaultTiming
	for _, o := range []orders{toHandOver, toLeave, both} {
		t.Run(o.String(), func(t *testing.T) {
			p := newDraining(t, o)
			lease, stray := p.m.registration.lease, p.peer(timing)
			p.run(10 * timing.OrphanAfter)
			if p.m.phase != member || !p.m.tenure.work.running || p.m.tenure.work.stopping || !p.reg.latest().Open() {
				t.Fatalf("phase %s, work %+v", p.m.phase, p.m.tenure.work)
			}
			if longer := p.m.registration.lease - lease; longer < 9*timing.OrphanAfter {
				t.Errorf("the lease is %v longer", longer)
			}
			if beats := p.requests(kindBeat); len(beats) < int(9*timing.OrphanAfter/timing.Interval) {
				t.Errorf("%d beats", len(beats))
			}
			if in := p.reg.instances[p.m.registration.id]; in.Role != registry.Active || in.Term != 1 || in.Candidate {
				t.Errorf("its record shows %+v", in.Status)
			}
			if p.registered(stray) {
				t.Error("does not sweep orphans")
			}
			if n := p.drainsBegun(); len(n) != 1 {
				t.Errorf("drains %v", n)
			}
		})
	}
}

func TestMachine_FollowsItsOrdersOnceTheWorkIsDrained(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		orders orders
		cause  error
		reason registry.Reason
		phase  phase
	}{
		{toHandOver, ErrHandedOver, registry.HandedOver, member},
		{toLeave, ErrStopped, registry.Stopped, finished},
		{both, ErrHandedOver, registry.HandedOver, finished},
	} {
		t.Run(tt.orders.String(), func(t *testing.T) {
			p := newDraining(t, tt.orders)
			p.run(timing.OrphanAfter)
			p.tell(drained{1})
			if s := p.stops(); len(s) != 1 || s[0].immediate || s[0].cause != tt.cause {
				t.Errorf("told to stop: %+v, want in order because of %v", s, tt.cause)
			}
			if n, first := p.drainsEnded(); n != 1 || !first {
				t.Errorf("%d drains ended, before the work was told to stop: %v", n, first)
			}
			if !p.reg.latest().Open() {
				t.Error("released before the work is gone")
			}
			p.tell(workGone{term: 1, result: yielded})
			holdsOff := p.m.tenure.holdOff.until - p.now
			p.run(giveWay(timing))
			if end := p.reg.term(1).End; end.Reason != tt.reason || p.m.phase != tt.phase {
				t.Errorf("ended %+v, phase %s, want %s and %s", end, p.m.phase, tt.reason, tt.phase)
			}
			if tt.phase == member && holdsOff != timing.OrphanAfter {
				t.Errorf("holds off for %v, want T from now on", holdsOff)
			}
		})
	}
}

func TestMachine_TwoOrdersShareOneDrain(t *testing.T) {
	for _, first := range []orders{toHandOver, toLeave} {
		t.Run(first.String()+" first", func(t *testing.T) {
			p := newDraining(t, first)
			p.reg.requestHandover(1, p.peer(p.m.timing))
			p.tell(woken{})
			p.tell(leave{})
			p.tell(leave{})
			p.run(2 * p.m.timing.Interval)
			if n := p.drainsBegun(); len(n) != 1 || len(p.stops()) > 0 {
				t.Fatalf("drains %v, told to stop %+v", n, p.stops())
			}
			p.tell(drained{1})
			p.tell(workGone{term: 1, result: yielded})
			p.run(giveWay(p.m.timing))
			if end := p.reg.term(1).End; end.Reason != registry.HandedOver || p.m.phase != finished {
				t.Errorf("ended %+v, phase %s", end, p.m.phase)
			}
		})
	}
}

// Work that is draining may have ceased to start anything new. So this instance steps down
// although nobody wants it any more.
func TestMachine_StepsDownAlthoughTheRequestIsNoMore(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what    string
		happens func(p *participant, target uuid.UUID)
	}{
		{"expired", func(p *participant, _ uuid.UUID) { p.run(2 * timing.RequestLife()) }},
		{"its target is gone", func(p *participant, target uuid.UUID) { p.delete(target) }},
		{"replaced by one for itself", func(p *participant, _ uuid.UUID) { p.reg.requestHandover(1, p.m.registration.id) }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := newActive(t, timing)
			p.m.drainable = true
			target := p.peer(timing)
			p.beating(timing.Slack()+timing.Interval, timing.Interval, target) // it listens
			p.reg.requestHandover(1, target)
			p.tell(woken{})
			tt.happens(p, target)
			p.run(3 * timing.Interval)
			p.tell(drained{1})
			p.tell(workGone{term: 1, result: yielded})
			if end := p.reg.term(1).End; end.Reason != registry.HandedOver || p.m.phase != member {
				t.Fatalf("ended %+v, phase %s", end, p.m.phase)
			}
			p.run(timing.OrphanAfter - timing.Interval)
			if p.m.tenure.active() {
				t.Error("does not hold off")
			}
			p.run(4 * timing.Interval)
			if !p.m.tenure.work.running || p.m.tenure.work.term.Number != 2 {
				t.Errorf("does not work again although nobody else is there: %+v", p.m.tenure.work)
			}
		})
	}
}

// An instance may be active again after a handover. What is late of an earlier drain says
// nothing about the present one.
func TestMachine_DrainsInEachOfItsTerms(t *testing.T) {
	timing := registry.DefaultTiming
	p := newDraining(t, toHandOver)
	p.begin(2, other)
	p.tell(woken{})
	p.tell(workGone{term: 1, result: yielded})
	p.run(2 * timing.Interval)
	p.end(2, other)
	p.run(4 * timing.Interval)
	if p.m.tenure.work.term.Number != 3 {
		t.Fatalf("works in term %d", p.m.tenure.work.term.Number)
	}
	p.tell(leave{})
	p.tell(drained{1})
	if n := p.drainsBegun(); !slices.Equal(n, []int64{1, 2}) || p.m.tenure.work.stopping {
		t.Fatalf("drains %v, stopping: %v", n, p.m.tenure.work.stopping)
	}
	p.tell(drained{2})
	if !p.m.tenure.work.stopping {
		t.Error("works on")
	}
}

func TestMachine_DrainsOnlyWorkThatRuns(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what    string
		happens func(p *participant)
	}{
		{"no work: it is passive", func(p *participant) {
			p.begin(2, other)
			p.tell(woken{})
			p.tell(workGone{term: 1, result: yielded})
			p.run(5 * timing.Interval)
		}},
		{"the work failed, and a peer is looked for", func(p *participant) {
			p.fateOf = fateOfKinds(hung, kindCandidate)
			p.tell(workGone{term: 1, result: failing})
		}},
		{"the work is told to stop", func(p *participant) { p.tell(leave{immediate: true}) }},
		{"the lease runs out", func(p *participant) {
			p.fateOf = fateOfKinds(broke, kindBeat)
			p.run(p.m.registration.lease - timing.StopGrace - p.now)
		}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := newActive(t, timing)
			p.m.drainable = true
			tt.happens(p)
			told := len(p.stops())
			p.tell(leave{})
			if n := p.drainsBegun(); len(n) > 0 || p.m.phase != leaving && p.m.phase != finished {
				t.Errorf("drains %v, phase %s", n, p.m.phase)
			}
			if len(p.stops()) != told {
				t.Errorf("told to stop: %+v", p.stops())
			}
		})
	}
}

// An order to leave at once that comes while work stops in order makes it stop at once.
func TestMachine_OrderAtOnceShortensTheGrace(t *testing.T) {
	p := newActive(t, registry.DefaultTiming)
	p.m.guarded = true
	p.tell(leave{})
	p.tell(leave{immediate: true})
	if s := p.stops(); len(s) != 2 || s[0].immediate || !s[1].immediate || s[1].cause != ErrStopped {
		t.Errorf("told to stop: %+v", s)
	}
}

// People read in the record of an active instance whether it steps down, and nothing else:
// not that it held off before, when nobody else took the term.
func TestMachine_RecordOfAnActiveInstanceSaysWhetherItStepsDown(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.m.tenure.holdOff = holdOff{until: p.now + time.Hour, failures: 3}
	candidate := func() bool {
		p.run(timing.Interval)
		return p.reg.instances[p.m.registration.id].Candidate
	}
	if !candidate() {
		t.Error("steps down while it works")
	}
	p.reg.requestHandover(1, uuid.Nil)
	if candidate(); candidate() {
		t.Error("does not step down while its work stops")
	}
	p.tell(workGone{term: 1, result: yielded})
	if candidate() {
		t.Error("does not hold off")
	}
	p = newActive(t, timing)
	p.tell(leave{})
	if candidate() {
		t.Error("does not step down although it leaves")
	}
}
