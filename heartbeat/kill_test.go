package heartbeat

import (
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestMachine_WorkWhoseTermIsOverIsToldToStopAtOnce(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what    string
		happens func(p *participant)
		cause   error
	}{
		{"a newer term", func(p *participant) { p.begin(2, uuid.New()) }, ErrTermOver},
		{"its number under another's name", func(p *participant) { p.reg.terms[0].Holder = other }, ErrTermOver},
		{"ended by another", func(p *participant) { p.end(1, p.m.registration.id) }, ErrTermOver},
		{"terms lost", func(p *participant) { p.reg.terms = nil }, ErrTermOver},
		{"its record deleted", func(p *participant) { p.delete(p.m.registration.id) }, ErrTermOver},
		{"away until after its lease", func(p *participant) { p.pass(timing.OrphanAfter) }, ErrLeaseLost},
	} {
		t.Run(tt.what, func(t *testing.T) {
			for _, guarded := range []bool{true, false} {
				p := newActive(t, timing)
				p.m.guarded = guarded
				tt.happens(p)
				p.run(timing.Overdue() + 2*timing.Interval)
				if s := p.stops(); len(s) != 1 || !s[0].immediate || s[0].cause != tt.cause {
					t.Errorf("guarded %v: told to stop: %+v, want at once because of %v", guarded, s, tt.cause)
				}
			}
		})
	}
}

func TestMachine_StoppingWorkIsKilledWhenItsTimeIsOver(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what    string
		happens func(p *participant)
		cause   error
	}{
		{"deleted while leaving", func(p *participant) {
			p.tell(leave{})
			p.delete(p.m.registration.id)
			p.run(2 * timing.Interval)
		}, ErrTermOver},
		{"deleted while handing over", func(p *participant) {
			p.reg.requestHandover(1, uuid.Nil)
			p.tell(woken{})
			p.delete(p.m.registration.id)
			p.run(2 * timing.Interval)
		}, ErrTermOver},
		{"told late, and the lease is over", func(p *participant) {
			p.fateOf = fateOfKinds(broke, kindBeat)
			p.pass(p.m.registration.lease - timing.StopGrace/2 - p.now)
			p.run(p.m.registration.lease - p.now - 1)
			if n := len(p.stops()); n != 1 {
				p.t.Errorf("told %d times before the lease's end", n)
			}
			p.run(1)
		}, ErrLeaseLost},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := newActive(t, timing)
			p.m.guarded = true
			tt.happens(p)
			s := p.stops()
			if len(s) != 2 || s[0].immediate || !s[1].immediate || s[1].cause != tt.cause {
				t.Errorf("told to stop: %+v, want first in order, then at once because of %v", s, tt.cause)
			}
		})
	}
}
