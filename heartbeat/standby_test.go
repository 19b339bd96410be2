package heartbeat

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// unheedingStandby is a passive side that returns only when it is released.
func unheedingStandby(release <-chan struct{}) func(*Config) {
	return func(c *Config) { c.Standby = func(context.Context) { <-release } }
}

func TestMember_StandbyThatDoesNotReturnLeavesTheWorkToAPeer(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		s := newScenario(t)
		a := s.joinFirst()
		var told told
		b := s.join(unheedingStandby(release), told.listen)
		time.Sleep(3 * time.Second)
		c := s.join()
		time.Sleep(3 * time.Second)
		s.leaveAll(a)
		s.until(time.Second, "holds the term", func() bool { return s.reg.latest().Number == 2 })
		s.always(timing.StopGrace-time.Second, "the grace", func() bool { return b.works() == 0 && b.Term() == 0 && c.works() == 0 })
		s.until(3*time.Second, "a peer works", func() bool { return c.works() == 3 })
		if got := s.reg.term(2).End.Reason; got != registry.NotReady {
			t.Errorf("term 2 ended for %q", got)
		}
		if strings.Contains(b.log.String(), "active in term") || len(told.all()) > 0 {
			t.Errorf("told of %v, although no work ran:\n%s", told.all(), b.log)
		}
		s.until(timing.StopGrace+time.Second, "Run has returned", func() bool { return gone(b) })
		if !errors.Is(b.err, ErrStandby) {
			t.Errorf("ended with %v", b.err)
		}
		s.leaveAll(c)
	})
}

func TestMember_EndsAlthoughStandbyDoesNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join(unheedingStandby(release))
		time.Sleep(3 * time.Second)
		b.leave()
		s.until(registry.DefaultTiming.StopGrace+time.Second, "Run has returned", func() bool { return gone(b) })
		if !errors.Is(b.err, ErrStandby) {
			t.Errorf("ended with %v", b.err)
		}
		s.leaveAll(a)
	})
}

// The passive side takes its time to return, and the process is frozen meanwhile for
// longer than its lease. The work must not begin, and nobody may be told that it does.
func TestMachine_WorkThatWaitedForStandbyBeginsOnlyWithALease(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		wakes  string
		events func(p *participant)
	}{
		{"the return", func(p *participant) { p.tell(stoodDown{term: 1}) }},
		{"a tick", func(p *participant) { p.tell(tick{}); p.tell(stoodDown{term: 1}) }},
	} {
		for _, guarded := range []bool{false, true} {
			t.Run(tt.wakes, func(t *testing.T) {
				p := newParticipant(t, timing)
				p.m.standby, p.m.guarded = true, guarded
				p.run(5 * timing.Interval)
				if !p.m.tenure.work.waiting || p.m.tenure.work.running || p.m.tenure.held.number != 1 {
					t.Fatalf("the work is %+v", p.m.tenure.work)
				}
				p.fateOf = fateOfKinds(hung, kindEndTerm)
				p.now += time.Hour
				tt.events(p)
				for _, d := range p.did {
					switch a := d.action.(type) {
					case startWork, abort:
						t.Errorf("%T %v", a, a)
					case note:
						if a.fact == factActive || a.fact == factPassive || a.fact == factStuck || a.fact == factLeaseLost {
							t.Errorf("told %q", a.text())
						}
					}
				}
				p.release()
				if p.reg.term(1).Open() {
					t.Error("the term stays open")
				}
			})
		}
	}
}

func TestMachine_WorkThatWaitedForStandbyBeginsWhenThatHasReturned(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.m.standby = true
	p.run(3 * timing.Interval)
	p.tell(stoodDown{term: 7}) // of another time
	if p.m.tenure.work.running {
		t.Fatal("begins for the return of another time")
	}
	if len(p.notes(factActive)) != 0 {
		t.Error("active is reported before the work begins")
	}
	p.tell(stoodDown{term: 1})
	if !p.m.tenure.work.running || len(p.notes(factActive)) != 1 {
		t.Errorf("works: %v, told %d times", p.m.tenure.work.running, len(p.notes(factActive)))
	}
}

// An instance that is told to stop before its work has begun ends its term at once,
// whatever the passive side does.
func TestMachine_TermWhoseWorkStillWaitsIsGivenUpAtOnce(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what string
		tell func(p *participant)
	}{
		{"leave", func(p *participant) { p.tell(leave{}) }},
		{"hand over", func(p *participant) { p.reg.requestHandover(1, uuid.Nil); p.tell(woken{}); p.run(timing.Interval) }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := newParticipant(t, timing)
			p.m.standby = true
			p.run(3 * timing.Interval)
			tt.tell(p)
			if p.reg.term(1).Open() || len(p.notes(factPassive)) > 0 {
				t.Errorf("the term is open: %v, told %d times that it is over", p.reg.term(1).Open(), len(p.notes(factPassive)))
			}
			p.tell(stoodDown{term: 1})
			if p.m.tenure.work.running {
				t.Error("begins after all")
			}
		})
	}
}
