package heartbeat

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// A child process survives the guard's SIGKILL. The instance sends no beat while it waits
// for the end of its lease.
func TestMachine_GuardedWorkThatDoesNotDieEndsTheProcessWithItsLease(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		told    string
		happens func(p *participant)
	}{
		{"to leave", func(p *participant) { p.tell(leave{}) }},
		{"to hand over", func(p *participant) { p.reg.requestHandover(1, uuid.Nil); p.tell(woken{}) }},
	} {
		t.Run(tt.told, func(t *testing.T) {
			p := newActive(t, timing)
			p.m.guarded = true
			id, begin := p.m.registration.id, p.now
			tt.happens(p)
			p.run(3 * timing.OrphanAfter)

			killed := begin + timing.StopGrace
			stuck := p.notes(factStuck)
			if len(stuck) != 1 || stuck[0] != killed+timing.StopGrace {
				t.Fatalf("named at %v, want once, a grace after the SIGKILL at %v", stuck, killed)
			}
			beats := p.requests(kindBeat)
			last := beats[len(beats)-1]
			if last >= stuck[0] || last < stuck[0]-2*timing.Interval {
				t.Errorf("the last beat was at %v, want it just before %v", last, stuck[0])
			}
			if want := last + timing.Lease(); p.aborted() != want {
				t.Errorf("aborted at %v, want at the end of the lease, %v", p.aborted(), want)
			}
			if len(p.requests(kindEndTerm))+len(p.requests(kindUnregister)) > 0 || !p.reg.terms[0].Open() || !p.registered(id) {
				t.Error("released under work that lives")
			}
		})
	}
}

func TestMember_GuardedWorkThatDoesNotDieIsExit70(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		s.ignoring = true
		a := s.join(underGuard(new(fakeGuard)))
		s.until(time.Second, "works", func() bool { return a.works() == 1 })
		s.reg.requestHandover(1, uuid.Nil)
		timing := registry.DefaultTiming
		s.until(timing.Overdue()+2*timing.StopGrace+timing.Lease(), "the process exits", func() bool { return len(a.exited) == 1 })
		if code := <-a.exited; code != 70 {
			t.Errorf("exit code %d", code)
		}
		<-a.done
		if !errors.Is(a.err, ErrStuck) || !strings.Contains(a.log.String(), "the work does not stop") {
			t.Errorf("ended with %v, log:\n%s", a.err, a.log)
		}
		if !s.reg.terms[0].Open() {
			t.Error("released under work that lives")
		}
	})
}

// The process ends itself before the kernel ends it.
func TestMachine_WorkOfThisProcessLivesNoLongerThanItsLease(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	lease := p.m.registration.lease
	p.fateOf = fateOfKinds(broke, kindBeat)
	p.run(timing.OrphanAfter)
	if want := lease - timing.KillMargin(); p.aborted() != want {
		t.Errorf("aborted at %v, want K before the lease's end, %v", p.aborted(), want)
	}
	if s := p.stops(); len(s) != 1 || s[0].immediate || s[0].cause != ErrLeaseLost {
		t.Errorf("told to stop: %+v", s)
	}
}
