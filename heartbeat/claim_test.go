package heartbeat

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// claims makes a peer's record say that it holds a term.
func (p *participant) claims(id uuid.UUID, term int64) {
	_, _ = p.reg.Beat(context.Background(), id, registry.Status{Role: registry.Active, Term: term})
}

// The terms were lost, or an older copy of them was restored, while the holder works on.
// Its beats count, and its views show the loss only within 3·B.
func TestMachine_NoTermBeginsWhileALiveRecordClaimsALaterOne(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		left string
		set  func(p *participant)
	}{
		{"no term", func(*participant) {}},
		{"an older term, ended", func(p *participant) { p.begin(4, other); p.end(4, other) }},
	} {
		t.Run(tt.left, func(t *testing.T) {
			p := newParticipant(t, timing)
			tt.set(p)
			holder := p.peer(timing)
			p.claims(holder, 7)
			for range 60 { // for longer than T
				p.run(2 * timing.Interval)
				p.claims(holder, 7)
			}
			if n := len(p.requests(kindBeginTerm)); n > 0 {
				t.Fatalf("%d terms begun while a record claims term 7", n)
			}
			if n := len(p.notes(factClaimed)); n != 1 {
				t.Errorf("told %d times what it waits for", n)
			}
			if n := len(p.requests(kindClaimant)); n < 30 || n > 200 {
				t.Errorf("asked %d times in two minutes", n)
			}
			p.delete(holder)
			p.run(3 * timing.Interval)
			if !p.m.tenure.work.running {
				t.Error("does not work once nobody claims a term")
			}
		})
	}
}

func TestMachine_ClaimOfASilentInstanceCountsForT(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	holder := p.peer(timing)
	p.claims(holder, 7)
	p.run(timing.OrphanAfter - timing.Slack())
	if len(p.requests(kindBeginTerm)) > 0 {
		t.Fatal("begun while the one that claims a later term may work")
	}
	p.run(timing.Slack() + 6*timing.Interval)
	if p.registered(holder) || !p.m.tenure.work.running {
		t.Errorf("after T: the silent one is registered: %v, works: %v", p.registered(holder), p.m.tenure.work.running)
	}
}

// The registry names one claimant at a time. Dead ones are observed side by side.
func TestMachine_ClaimsOfSeveralSilentInstancesCountForTInAll(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	var dead []uuid.UUID
	for term := range int64(3) {
		id := p.peer(timing)
		p.claims(id, 7+term)
		dead = append(dead, id)
	}
	p.run(timing.OrphanAfter - timing.Slack())
	if len(p.requests(kindBeginTerm)) > 0 {
		t.Fatal("begun while those that claim a later term may work")
	}
	p.run(3*timing.Slack() + 6*timing.Interval)
	for _, id := range dead {
		if p.registered(id) {
			t.Errorf("%s is registered after T", id)
		}
	}
	if !p.m.tenure.work.running {
		t.Error("does not work after T")
	}
	if n := len(p.notes(factDeposed)); n != len(dead) {
		t.Errorf("%d of %d deletions are logged", n, len(dead))
	}
	p.did = nil
	p.run(timing.OrphanAfter)
	if n := len(p.notes(factDeposed)); n > 0 {
		t.Errorf("%d more deletions", n)
	}
}

// Where nobody claims a term, the search is left to the active instance.
func TestMachine_PassiveInstanceSearchesOnlyDuringAClaim(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	holder := p.peer(timing)
	p.begin(1, holder)
	for range 20 {
		p.beat(holder)
		p.run(timing.Interval)
	}
	if n := len(p.requests(kindSilent)); n > 0 {
		t.Errorf("%d searches while a peer is active", n)
	}
	p.end(1, holder)
	p.claims(holder, 7)
	p.tell(woken{})
	p.run(2 * timing.Slack())
	if len(p.requests(kindSilent)) == 0 {
		t.Error("no search during a claim")
	}
}

func TestMachine_ClaimOfAFasterPeerIsNoLostTerm(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	peer := p.peer(timing)
	p.begin(1, other)
	p.run(3 * timing.Interval)
	p.fateOf = func(c request) fate {
		if c.kind == kindClaimant && len(p.reg.terms) == 1 { // just before
			p.begin(2, peer)
			p.claims(peer, 2)
		}
		return fine
	}
	p.end(1, other)
	p.tell(woken{})
	p.run(3 * timing.Interval)
	if len(p.notes(factClaimed)) > 0 || len(p.requests(kindBeginTerm)) > 0 {
		t.Error("a term that a peer has begun counts as lost")
	}
}

func TestMachine_AsksAgainForAClaimThatCannotBeRead(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.fateOf = fateOfKinds(broke, kindClaimant)
	p.run(20 * timing.Interval)
	if n := len(p.requests(kindBeginTerm)); n > 0 {
		t.Fatal("begun without knowing of claims")
	}
	if n := len(p.requests(kindClaimant)); n < 5 || n > 60 {
		t.Errorf("asked %d times in twenty intervals", n)
	}
	p.fateOf = nil
	p.run(3 * timing.Interval)
	if !p.m.tenure.work.running {
		t.Error("does not work")
	}
}

// The record of the holder claims the term at once, not only with the next regular beat.
func TestMachine_HolderClaimsItsTermAtOnce(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.begin(1, other)
	p.run(5*timing.Interval + timing.Interval/3)
	p.end(1, other)
	p.tell(woken{})
	if !p.m.tenure.work.running {
		t.Fatal("does not work")
	}
	if in := p.reg.instances[p.m.registration.id]; in.Term != 2 || in.Role != registry.Active {
		t.Errorf("the record says %s in term %d", in.Role, in.Term)
	}
}

// Somebody else writes to the registry. A term that names an instance which did not ask
// for it is not started. It is left open too, for as long as the previous holder may work.
func TestMachine_StartsOnlyATermThatItAskedFor(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what string
		set  func(p *participant)
	}{
		{"the next term", func(p *participant) { p.begin(2, p.m.registration.id) }},
		{"the open term, with another holder", func(p *participant) { p.reg.terms[0].Holder = p.m.registration.id }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := newParticipant(t, timing)
			holder := p.peer(timing)
			p.begin(1, holder)
			p.run(3 * timing.Interval)
			before := p.m.registration.id
			tt.set(p)
			at := p.now
			for p.now < at+timing.OrphanAfter-timing.Slack() {
				p.beat(holder)
				p.run(timing.Interval)
				if p.m.tenure.work.running {
					t.Fatal("works in a term that it never asked for")
				}
				for _, term := range p.reg.terms {
					if !term.Open() {
						t.Fatalf("ended term %d", term.Number)
					}
				}
			}
			if p.m.registration.id == before || len(p.notes(factNotAsked)) != 1 {
				t.Errorf("registered again: %v, told %d times", p.m.registration.id != before, len(p.notes(factNotAsked)))
			}
			p.run(2 * timing.Slack())
			if !p.m.tenure.work.running {
				t.Fatal("does not work after T")
			}
			past := p.reg.terms[len(p.reg.terms)-2]
			if least := timing.OrphanAfter - timing.Slack(); past.Open() || past.End.Silence < least {
				t.Errorf("the end of term %d is %+v, want a silence of %v at least", past.Number, past.End, least)
			}
		})
	}
}

// How long the deposed holder was silent bounds the time in which nobody worked, and is
// recorded in its term. Nothing is recorded if nobody knows.
func TestMachine_RecordsHowLongTheDeposedHolderWasSilent(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		holder  string
		set     func(p *participant, holder uuid.UUID)
		unknown bool
	}{
		{"silent", func(*participant, uuid.UUID) {}, false},
		{"gone", func(p *participant, holder uuid.UUID) { p.delete(holder) }, false},
		{"silent for long before anybody observed it", func(p *participant, holder uuid.UUID) {
			for _, in := range p.reg.instances {
				if in.ID != holder {
					p.delete(in.ID)
				}
			}
			p.now += time.Hour
			p.m = newMachine(p.m.settings, p.now)
		}, false},
		{"gone before anybody observed it", func(p *participant, holder uuid.UUID) {
			p.delete(holder)
			p.delete(p.m.registration.id)
			p.m = newMachine(p.m.settings, p.now)
		}, true},
	} {
		t.Run(tt.holder, func(t *testing.T) {
			p := newParticipant(t, timing)
			holder := p.peer(timing)
			p.begin(1, holder)
			p.run(10 * timing.Interval)
			p.beat(holder)
			silent := p.now
			p.run(timing.Slack())
			tt.set(p, holder)
			for begin := p.now; !p.m.tenure.work.running; p.run(timing.Interval) {
				if p.now > begin+2*timing.OrphanAfter {
					t.Fatal("does not work")
				}
			}
			p.run(timing.Interval)
			end := p.reg.terms[0].End
			lo, hi := p.now-silent-3*timing.Interval, p.now-silent+timing.Slack()
			if tt.unknown {
				lo, hi = 0, 0
			}
			if end.Reason != registry.Orphaned || end.Silence < lo || end.Silence > hi {
				t.Errorf("ended %+v, want a silence of %v to %v", end, lo, hi)
			}
		})
	}
}
