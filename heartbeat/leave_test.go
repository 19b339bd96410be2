package heartbeat

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// A request that is under way may still be carried out. Then what it created has to be
// undone.
func TestMachine_LeavesOnlyAfterWhatMayStillCreateSomething(t *testing.T) {
	timing := registry.DefaultTiming
	for _, k := range []kind{kindRegister, kindBeginTerm, kindEndTerm} {
		t.Run(string(k), func(t *testing.T) {
			p := newParticipant(t, timing)
			p.yields = true
			if k == kindEndTerm {
				p.run(timing.Interval)
				p.reg.requestHandover(1, uuid.Nil)
			}
			p.fateOf = fateOfKinds(hung, k)
			p.run(3 * timing.Interval)
			p.tell(leave{})
			p.run(timing.Interval)
			want := 1
			if k == kindEndTerm { // asked for again: twice does no harm
				want = 2
			}
			if len(p.hung) != want || p.m.phase == finished {
				t.Fatalf("%d requests hang, want %d, phase %s", len(p.hung), want, p.m.phase)
			}
			p.release()
			p.run(giveWay(timing))
			if p.m.phase != finished || len(p.reg.instances) > 0 {
				t.Errorf("phase %s, left behind: %v", p.m.phase, p.reg.instances)
			}
			for _, term := range p.reg.terms {
				if term.Open() {
					t.Errorf("term %d stays open", term.Number)
				}
			}
		})
	}
}

// When a term has to end, its end does not wait for a view that hangs.
func TestMachine_EndOfATermWaitsForNoView(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what    string
		happens func(p *participant)
	}{
		{"handed over", func(p *participant) { p.reg.requestHandover(1, uuid.Nil); p.tell(woken{}) }},
		{"deleted", func(p *participant) {
			p.fateOf = fateOfKinds(hung, kindView)
			p.run(2 * timing.Interval)
			p.delete(p.m.registration.id)
		}},
		{"told to leave", func(p *participant) { p.tell(leave{}) }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := newActive(t, timing)
			p.m.guarded = true
			tt.happens(p)
			p.fateOf = fateOfKinds(hung, kindView)
			p.run(2 * timing.Interval)
			if len(p.stops()) != 1 || tt.what != "told to leave" && len(p.hung) != 1 {
				t.Fatalf("told to stop %d times, %d views hang", len(p.stops()), len(p.hung))
			}
			p.tell(workGone{term: 1, result: yielded})
			if n := len(p.requests(kindEndTerm)); n != 1 || p.reg.terms[0].Open() {
				t.Errorf("asked %d times to end the term", n)
			}
		})
	}
}

func TestMachine_EndOfATermWaitsForItsInsert(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.fateOf = fateOfKinds(hung, kindBeginTerm)
	p.run(3 * timing.Interval)
	p.delete(p.m.registration.id)
	p.run(5 * timing.Interval)
	if n := len(p.requests(kindEndTerm)); n > 0 || len(p.hung) != 1 {
		t.Fatalf("asked %d times to end a term that may begin later", n)
	}
	p.fateOf = fateOfKinds(broke, kindBeginTerm)
	p.tell(p.apply(p.hung[0]))
	if n := len(p.requests(kindEndTerm)); n != 1 || p.reg.terms[0].Open() {
		t.Errorf("asked %d times to end the term", n)
	}
}

// The beats arrive, but not the answers to them.
func TestMachine_NoBeatUnderALostLeaseWhileTheTermCannotBeEnded(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	id, lease := p.m.registration.id, p.m.registration.lease
	p.reg.requestHandover(1, uuid.Nil)
	p.fateOf = func(c request) fate {
		switch c.kind {
		case kindBeat:
			return lost
		case kindEndTerm:
			return broke
		}
		return fine
	}
	p.run(2 * timing.OrphanAfter)
	if s := p.stops(); len(s) != 1 || s[0].cause != ErrHandedOver {
		t.Fatalf("told to stop: %+v", s)
	}
	for _, d := range p.did {
		if c, ok := d.action.(request); ok && c.kind == kindBeat && c.id == id && d.at >= lease {
			t.Fatalf("beats %v after the end of its lease", d.at-lease)
		}
	}
}

func TestMember_PassiveInstanceThatLeavesAHungRegistryLogsNoTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join()
		time.Sleep(3 * time.Second)
		s.reg.set(func(kind, registry.Instance) fate { return hung })
		b.leave()
		<-b.done
		if log := b.log.String(); strings.Contains(log, "the term stays open") || !strings.Contains(log, "this registration stays") {
			t.Errorf("it said:\n%s", log)
		}
		s.reg.set(nil)
		s.leaveAll(a)
	})
}

// The next one writes its term while this instance would delete its record, and one would
// wait for the other.
func TestMachine_LetsTheNextOneBeginBeforeItUnregisters(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.tell(leave{})
	p.tell(workGone{term: 1, result: yielded})
	ended := p.now
	if p.reg.term(1).Open() || p.m.phase == finished {
		t.Fatalf("the term is open: %v, phase %s", p.reg.term(1).Open(), p.m.phase)
	}
	p.run(timing.Interval)
	if at := p.requests(kindUnregister); len(at) != 1 || at[0] != ended+giveWay(timing) || p.m.phase != finished {
		t.Errorf("unregisters at %v, phase %s; want it %v after %v", at, p.m.phase, giveWay(timing), ended)
	}
}

// Nobody takes over work that is done, so the process does not wait.
func TestMachine_UnregistersAtOnceAfterWorkThatIsDone(t *testing.T) {
	p := newActive(t, registry.DefaultTiming)
	p.tell(workGone{term: 1, result: done})
	if p.m.phase != finished {
		t.Errorf("phase %s", p.m.phase)
	}
}
