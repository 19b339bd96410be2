package heartbeat

import (
	"errors"
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// What ends the work anyway ends its drain. This instance leaves after that if it was told
// to, and otherwise it goes on as without a drain.
func TestMachine_DrainEndsWithWhatStopsTheWork(t *testing.T) {
	timing := registry.DefaultTiming
	odd := errors.New("odd")
	for _, tt := range []struct {
		what      string
		happens   func(p *participant)
		stops     bool // the work is told to stop
		immediate bool
		cause     error
		reason    registry.Reason                // of the end of term 1, unless it is another's
		leaves    bool                           // although it was not told to
		err       error                          // what Run returns if it leaves
		after     func(p *participant) (ok bool) // once the work is gone
	}{
		{what: "a newer term", happens: func(p *participant) { p.begin(2, other); p.tell(woken{}) }, stops: true, immediate: true, cause: ErrTermOver, reason: registry.Orphaned},
		{what: "ended by another", happens: func(p *participant) { p.end(1, p.m.registration.id); p.tell(woken{}) }, stops: true, immediate: true, cause: ErrTermOver, reason: registry.Stopped},
		{what: "terms lost", happens: func(p *participant) { p.reg.terms = nil; p.run(timing.Overdue() + 2*timing.Interval) }, stops: true, immediate: true, cause: ErrTermOver},
		{what: "its record deleted", happens: func(p *participant) { p.delete(p.m.registration.id); p.run(2 * timing.Interval) }, stops: true, immediate: true, cause: ErrTermOver, reason: registry.Unregistered},
		{what: "no beat is answered", happens: func(p *participant) {
			p.fateOf = fateOfKinds(broke, kindBeat)
			p.run(p.m.registration.lease - timing.StopGrace - p.now)
			p.fateOf = nil
		}, stops: true, cause: ErrLeaseLost, reason: registry.LeaseLost},
		{what: "away until after its lease", happens: func(p *participant) { p.pass(timing.OrphanAfter) }, stops: true, immediate: true, cause: ErrLeaseLost, reason: registry.LeaseLost},
		{what: "told to stop at once", happens: func(p *participant) { p.tell(leave{immediate: true}) }, stops: true, immediate: true, cause: ErrStopped, leaves: true},
		{what: "the work is done", happens: func(p *participant) { p.tell(workGone{term: 1, result: done, err: odd}) }, reason: registry.WorkDone, leaves: true, err: odd},
		{what: "the work fails", happens: func(p *participant) { p.tell(workGone{term: 1, result: failing, err: odd}) }},
		{what: "the work is broken", happens: func(p *participant) { p.tell(workGone{term: 1, result: broken, err: odd}) }, reason: registry.WorkFailed, leaves: true, err: odd},
	} {
		for _, o := range []orders{toHandOver, toLeave, both} {
			t.Run(tt.what+"/"+o.String(), func(t *testing.T) {
				p := newDraining(t, o)
				id := p.m.registration.id
				p.run(timing.OrphanAfter)
				tt.happens(p)
				if n, first := p.drainsEnded(); n != 1 || !first {
					t.Errorf("%d drains ended, before the work was told to stop: %v", n, first)
				}
				if s := p.stops(); tt.stops != (len(s) == 1) || tt.stops && (s[0].immediate != tt.immediate || s[0].cause != tt.cause) {
					t.Errorf("told to stop: %+v", s)
				}
				p.tell(workGone{term: 1, result: yielded})
				p.run(timing.Interval)
				p.tell(drained{1}) // too late
				p.run(2 * timing.Interval)
				want := tt.reason
				if want == "" && o.handover {
					want = registry.HandedOver
				} else if want == "" {
					want = registry.Stopped
				}
				if len(p.reg.terms) > 0 && tt.what != "terms lost" && p.reg.term(1).End.Reason != want {
					t.Errorf("term 1 ended %+v, want %s", p.reg.term(1).End, want)
				}
				if leaves := o.leave || tt.leaves; leaves != (p.m.phase == finished) {
					t.Errorf("phase %s, although leaving is %v", p.m.phase, leaves)
				}
				if p.m.phase == finished && (p.registered(p.m.registration.id) || p.registered(id)) {
					t.Error("stays registered")
				}
				if f := p.finished(); p.m.phase == finished && f != tt.err {
					t.Errorf("Run would return %v, want %v", f, tt.err)
				}
				if n := p.drainsBegun(); len(n) != 1 || len(p.stops()) > 1 {
					t.Errorf("drains %v, told to stop %+v", n, p.stops())
				}
			})
		}
	}
}

// finished returns what Run would return.
func (p *participant) finished() (err error) {
	for _, d := range p.did {
		if f, ok := d.action.(finish); ok {
			err = f.err
		}
	}
	return err
}
