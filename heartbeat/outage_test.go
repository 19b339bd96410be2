package heartbeat

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// outages counts what was told of outages since the last call.
func (p *puppet) outages() (unreachable, refused, reachable int) {
	unreachable, refused, reachable = len(p.notes(factUnreachable)), len(p.notes(factRefused)), len(p.notes(factReachable))
	p.did = nil
	return
}

// Whatever kind of call failed once, a later outage is told.
func TestAnOutageIsToldWhateverFailedBefore(t *testing.T) {
	timing := registry.DefaultTiming
	for _, k := range []kind{
		kindBeat, kindView, kindBeginTerm, kindEndTerm, kindDeleteOrphan, kindCandidate, kindClaimant, kindSilent,
	} {
		t.Run(string(k), func(t *testing.T) {
			p := newLeader(t, timing)
			p.m.report(k, errNetwork)
			p.live(timing.RequestLife() + 3*timing.Slack())
			p.outages()
			p.befall = befalls(broke, kindBeat, kindView)
			p.live(5 * timing.Interval)
			if got, _, _ := p.outages(); got != 1 {
				t.Fatalf("an outage is told %d times", got)
			}
			p.befall = nil
			p.live(5 * timing.Interval)
			if _, _, got := p.outages(); got != 1 {
				t.Errorf("its end is told %d times", got)
			}
		})
	}
}

// Views that hang while beats succeed are no reason to say by turns that the
// registry does not answer and that it does.
func TestOneKindOfCallThatFailsIsToldOnce(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		kind kind
		set  func(p *puppet)
	}{
		{kindView, func(*puppet) {}}, {kindSilent, func(*puppet) {}}, {kindBeginTerm, func(p *puppet) { p.begin(1, other); p.end(1, other) }},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			p := newPuppet(t, timing)
			tt.set(p)
			p.befall = befalls(broke, tt.kind)
			p.live(3 * timing.OrphanAfter)
			if down, _, up := p.outages(); down != 1 || up != 0 {
				t.Errorf("told %d times that the registry does not answer, and %d times that it does", down, up)
			}
		})
	}
}

// The lease runs out only if beats fail.
func TestTheLeaseIsNamedOnlyWhenBeatsFail(t *testing.T) {
	timing := registry.DefaultTiming
	left := func(p *puppet) (named []time.Duration) {
		for _, d := range p.did {
			if n, ok := d.action.(note); ok && n.fact == factUnreachable {
				named = append(named, n.in)
			}
		}
		return named
	}
	p := newLeader(t, timing)
	p.befall = befalls(broke, kindView)
	p.live(5 * timing.Interval)
	if got := left(p); len(got) != 1 || got[0] != 0 {
		t.Fatalf("views fail: the lease is named as %v", got)
	}
	p.did = nil
	p.befall = befalls(broke, kindView, kindBeat)
	p.live(5 * timing.Interval)
	if got := left(p); len(got) != 1 || got[0] <= 0 || got[0] > timing.Lease() {
		t.Errorf("beats fail too: the lease is named as %v", got)
	}
}

func TestRefusalIsToldOnceAndAsSuch(t *testing.T) {
	p := newLeader(t, registry.DefaultTiming)
	p.m.actions = nil
	for range 5 {
		p.m.report(kindEndTerm, fmt.Errorf("end term: %w: a validator", registry.ErrRefused))
	}
	var told []fact
	for _, a := range p.m.actions {
		if n, ok := a.(note); ok {
			told = append(told, n.fact)
		}
	}
	if len(told) != 1 || told[0] != factRefused {
		t.Errorf("told %q, want the refusal, once", told)
	}
}

func TestOutage_IsToldOnceAndItsEndOnce(t *testing.T) {
	type step struct {
		at                         time.Duration
		fails                      kind // else answers
		answers                    kind
		refused, working           bool
		tell, withLease, reachable bool
	}
	const span = 30 * second
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"one kind fails again and again", []step{
			{fails: kindView, tell: true}, {fails: kindView}, {answers: kindBeat}, {answers: kindView, reachable: true}, {answers: kindView},
		}},
		{"two kinds fail", []step{
			{fails: kindView, tell: true}, {fails: kindBeat}, {answers: kindView}, {answers: kindBeat, reachable: true},
		}},
		{"the lease is told with the first beat that fails while work runs", []step{
			{fails: kindView, working: true, tell: true}, {fails: kindBeat, working: true, tell: true, withLease: true}, {fails: kindBeat, working: true},
		}},
		{"no lease is told without work", []step{{fails: kindBeat, tell: true}, {fails: kindBeat}}},
		{"a refusal is told besides an outage", []step{
			{fails: kindView, tell: true}, {fails: kindEndTerm, refused: true, tell: true}, {fails: kindEndTerm, refused: true},
		}},
		{"a rare kind is forgotten once it has not failed for a while", []step{
			{fails: kindEndTerm, tell: true}, {at: span - 1, answers: kindBeat}, {at: span, answers: kindBeat, reachable: true},
		}},
		{"a routine kind is not", []step{{fails: kindView, tell: true}, {at: 10 * span, answers: kindBeat}}},
		{"the next outage is told again", []step{
			{fails: kindBeat, tell: true}, {answers: kindBeat, reachable: true}, {fails: kindBeat, tell: true},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o outage
			for i, s := range tt.steps {
				if s.fails != "" {
					if tell, withLease := o.fails(s.fails, s.refused, s.working, s.at); tell != s.tell || withLease != s.withLease {
						t.Errorf("step %d: told: %v, with the lease: %v", i, tell, withLease)
					}
				} else if over := o.answers(s.answers, s.at, span); over != s.reachable {
					t.Errorf("step %d: over: %v", i, over)
				}
			}
		})
	}
}

func TestExpected_TellsAnswersFromFailures(t *testing.T) {
	for err, want := range map[error]bool{
		nil: true, registry.ErrNotRegistered: true, registry.ErrTermTaken: true, registry.ErrNoCandidate: true, registry.ErrNoClaimant: true,
		registry.ErrRefused: false, registry.ErrCorrupt: false, errors.New("network"): false,
	} {
		if got := expected(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}
