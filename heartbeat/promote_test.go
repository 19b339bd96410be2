package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// If no insert succeeds, peers must find the term as it was.
func TestMachine_EndsTheTermOfTheDeposedAfterItsOwnBegan(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		fails string
		kinds []kind
		span  time.Duration
	}{
		{"the insert, for a while", []kind{kindBeginTerm}, 3 * timing.Interval},
		{"all that counts, until the lease is over", []kind{kindBeginTerm, kindBeat}, timing.OrphanAfter},
	} {
		t.Run(tt.fails, func(t *testing.T) {
			p := newParticipant(t, timing)
			holder := p.peer(timing)
			p.begin(1, holder)
			p.run(timing.OrphanAfter / 2)
			fails := fateOfKinds(broke, tt.kinds...)
			p.fateOf = func(c request) fate {
				if c.kind == kindEndTerm && c.number == 1 && len(p.reg.terms) < 2 {
					t.Error("the term of the deposed is closed before the next began")
				}
				if p.registered(holder) {
					return fine
				}
				return fails(c)
			}
			for p.registered(holder) {
				p.run(timing.Interval)
			}
			p.run(tt.span)
			if len(p.reg.terms) != 1 || len(p.requests(kindBeginTerm)) < 2 {
				t.Fatalf("%d tries", len(p.requests(kindBeginTerm)))
			}
			fails = fateOfKinds(fine)
			p.run(5 * timing.Interval)
			if !p.m.tenure.work.running {
				t.Fatal("does not work")
			}
			if d := p.reg.terms[0]; d.Open() || d.End.Reason != registry.Orphaned {
				t.Errorf("the term of the deposed is %+v", d)
			}
		})
	}
}

func TestMachine_BeginsNoTermAfterTheLargest(t *testing.T) {
	p := newParticipant(t, registry.DefaultTiming)
	p.begin(registry.MaxTerm, other)
	p.end(registry.MaxTerm, other)
	p.run(2 * registry.DefaultTiming.OrphanAfter)
	if n := len(p.requests(kindBeginTerm)); n > 0 {
		t.Errorf("tried %d times to begin term %d", n, p.reg.view().Number()+1)
	}
	if n := len(p.notes(factExhausted)); n != 1 {
		t.Errorf("said %d times that no number is left", n)
	}
}

// Views of the past show a group as vacant although it is not, or an orphan although it
// beats.
func TestMachine_TriesInVainHaveAPause(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what kind
		set  func(p *participant)
	}{
		{kindBeginTerm, func(p *participant) {
			p.begin(1, other)
			p.end(1, other)
			p.past = p.reg.clone()
			p.begin(2, other)
		}},
		{kindDeleteOrphan, func(p *participant) {
			p.begin(1, p.peer(timing))
			p.fateOf = fateOfKinds(void, kindDeleteOrphan)
		}},
	} {
		t.Run(string(tt.what), func(t *testing.T) {
			p := newParticipant(t, timing)
			tt.set(p)
			p.run(timing.OrphanAfter + 10*timing.Interval)
			at := p.requests(tt.what)
			if len(at) < 5 {
				t.Fatalf("tried %d times", len(at))
			}
			for i := range at[1:] {
				if pause := at[i+1] - at[i]; pause < timing.Interval/4 {
					t.Fatalf("tries again after %v", pause)
				}
			}
		})
	}
}

func TestMachine_RecordShowsTheHoldOff(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	begin := p.now
	p.reg.requestHandover(1, uuid.Nil)
	p.tell(woken{})
	p.run(timing.OrphanAfter / 2)
	p.delete(p.m.registration.id)
	p.run(timing.OrphanAfter/2 + 3*timing.Interval)
	beats, registrations := 0, 0
	for _, d := range p.did {
		c, ok := d.action.(request)
		if !ok || d.at == begin {
			continue
		}
		var s registry.Status
		switch c.kind {
		case kindBeat:
			s, beats = c.status, beats+1
		case kindRegister:
			s, registrations = c.in.Status, registrations+1
		default:
			continue
		}
		if off := d.at < begin+timing.OrphanAfter; s.Candidate == off {
			t.Fatalf("%v after it stepped down, %s says that it would take over: %v", d.at-begin, c.kind, s.Candidate)
		}
	}
	if beats < 50 || registrations != 1 {
		t.Errorf("%d beats and %d registrations", beats, registrations)
	}
}

// A notice in the middle of a takeover has the group read again, and the same vacancy found
// again. That costs no second insert, which would fail and delay the start of the work.
func TestMachine_NoticeDuringATakeoverDoesNotBeginTheTermTwice(t *testing.T) {
	timing := registry.DefaultTiming
	for _, during := range []kind{kindCandidate, kindClaimant, kindBeginTerm} {
		t.Run(string(during), func(t *testing.T) {
			p, holder := newPassive(t, timing, 5*timing.Interval)
			p.end(1, holder)
			woke := false
			p.fateOf = func(c request) fate {
				if c.kind == during && (c.kind != kindCandidate || c.forTakeover()) || woke && c.kind == kindCandidate {
					return hung
				}
				return fine
			}
			p.tell(woken{})
			woke = true
			p.tell(woken{})
			for len(p.hung) > 0 {
				c := p.hung[0]
				p.hung = p.hung[1:]
				if c.kind == during {
					p.fateOf = nil
				}
				p.tell(p.apply(c))
			}
			if n := len(p.requests(kindBeginTerm)); n != 1 {
				t.Errorf("%d inserts", n)
			}
			if !p.m.tenure.work.running {
				t.Error("the work has not begun")
			}
		})
	}
}
