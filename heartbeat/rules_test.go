package heartbeat

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// An acknowledgement that arrives after the end of the lease does not bring the lease
// back, not even while the work stops during the shutdown.
func TestMachine_LateAckRevivesNoLeaseWhileLeaving(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.m.guarded = true
	p.fateOf = fateOfKinds(hung, kindBeat)
	p.run(p.m.registration.lease - timing.StopGrace - timing.Interval - p.now)
	p.tell(leave{})
	end := p.m.registration.lease
	p.run(end + timing.Interval/2 - p.now)
	if p.m.phase != leaving || !p.m.tenure.work.running {
		t.Fatalf("phase %s, works: %v", p.m.phase, p.m.tenure.work.running)
	}
	p.tell(answer{request: request{kind: kindBeat, id: p.m.registration.id, sent: end - timing.Interval}, at: noon})
	if p.m.registration.lease != end {
		t.Errorf("the lease is %v longer", p.m.registration.lease-end)
	}
}

// An instance that handed over competes again once a peer has held a newer term.
func TestMachine_HoldOffEndsWithANewerTermOfAnother(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	p.reg.requestHandover(1, uuid.Nil)
	p.run(timing.Interval)
	p.begin(2, other)
	p.run(2 * timing.Interval)
	p.end(2, other)
	p.run(4 * timing.Interval)
	if !p.m.tenure.work.running || p.m.tenure.work.term.Number != 3 {
		t.Errorf("works: %v in term %d, want term 3 at once", p.m.tenure.work.running, p.m.tenure.work.term.Number)
	}
}

// A term that began and ended between two views leaves another vacancy, with a senior and
// a time of its own.
func TestMachine_NextVacancyIsAnother(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.begin(1, other)
	p.run(3 * timing.Interval)
	p.fateOf = fateOfKinds(hung, kindCandidate)
	p.end(1, other)
	p.tell(woken{})
	first := p.m.vacancy
	if !first.found || first.last.Number() != 1 {
		t.Fatalf("vacancy %+v", first)
	}
	p.m.vacancy.asked = true
	p.now += timing.Interval / 2
	p.begin(2, other)
	p.end(2, other)
	p.tell(woken{})
	if v := p.m.vacancy; v.last.Number() != 2 || v.since != p.now || v.asked {
		t.Errorf("vacancy after term %d since %v, asked: %v", v.last.Number(), v.since, v.asked)
	}
}

// Nothing depends on the end of the deposed holder's term, so an instance that leaves
// tries it only once.
func TestMachine_TriesTheBacklogOnceWhileLeaving(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.m.backlog.unclosed = endOf(1, uuid.New(), registry.End{}).inPast()
	tries := 0
	p.fateOf = func(c request) fate {
		if c.past {
			tries++
			return broke
		}
		return fine
	}
	p.tell(leave{})
	p.run(5 * timing.Interval) // the work drains
	if tries != 1 || p.m.phase != leaving {
		t.Errorf("%d tries, phase %s", tries, p.m.phase)
	}
}

// The result of work counts although the work is being stopped.
func TestMachine_ResultOfStoppingWorkCounts(t *testing.T) {
	odd := errors.New("odd")
	t.Run("done", func(t *testing.T) {
		p := newActive(t, registry.DefaultTiming)
		p.reg.requestHandover(1, uuid.Nil)
		p.run(registry.DefaultTiming.Interval)
		p.tell(workGone{term: 1, result: done, code: 3})
		if end := p.reg.term(1).End; end.Reason != registry.WorkDone || end.ExitCode != 3 || p.m.phase != finished {
			t.Errorf("ended %+v, phase %s", end, p.m.phase)
		}
	})
	t.Run("an error", func(t *testing.T) {
		p := newActive(t, registry.DefaultTiming)
		p.tell(leave{})
		p.tell(workGone{term: 1, result: broken, err: odd})
		p.run(giveWay(registry.DefaultTiming))
		var got error
		for _, d := range p.did {
			if f, ok := d.action.(finish); ok {
				got = f.err
			}
		}
		if !errors.Is(got, odd) {
			t.Errorf("Run would return %v", got)
		}
	})
}

// One record that cannot be read hides others for a while. What was observed of those
// stays.
func TestMachine_ObservationsOutlastDamage(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	stray := p.peer(timing)
	p.run(timing.OrphanAfter / 2)
	before, ok := p.m.observations.passives[stray]
	if !ok {
		t.Fatal("not noted")
	}
	p.m.sweep(answer{request: request{kind: kindSilent, sent: p.now}, err: registry.ErrCorrupt})
	if after := p.m.observations.passives[stray]; after.since != before.since || after.id != stray {
		t.Errorf("noted %+v and then %+v", before, after)
	}
}
