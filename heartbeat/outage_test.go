package heartbeat

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// outages counts what was logged about outages since the previous call.
func (p *participant) outages() (unreachable, refused, reachable int) {
	unreachable, refused, reachable = len(p.notes(factUnreachable)), len(p.notes(factRefused)), len(p.notes(factReachable))
	p.did = nil
	return
}

// An outage is logged, whichever kind of request failed once before it.
func TestMachine_TellsAnOutageWhateverFailedBefore(t *testing.T) {
	timing := registry.DefaultTiming
	for _, k := range []kind{
		kindBeat, kindView, kindBeginTerm, kindEndTerm, kindDeleteOrphan, kindCandidate, kindClaimant, kindSilent,
	} {
		t.Run(string(k), func(t *testing.T) {
			p := newActive(t, timing)
			p.m.report(k, errNetwork)
			p.run(timing.RequestLife() + 3*timing.Slack())
			p.outages()
			p.fateOf = fateOfKinds(broke, kindBeat, kindView)
			p.run(5 * timing.Interval)
			if got, _, _ := p.outages(); got != 1 {
				t.Fatalf("an outage is logged %d times", got)
			}
			p.fateOf = nil
			p.run(5 * timing.Interval)
			if _, _, got := p.outages(); got != 1 {
				t.Errorf("its end is logged %d times", got)
			}
		})
	}
}

// While views hang and beats succeed, people are not told again and again that the
// registry does not answer and that it answers again.
func TestMachine_TellsOnceThatOneKindOfRequestFails(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		kind kind
		set  func(p *participant)
	}{
		{kindView, func(*participant) {}}, {kindSilent, func(*participant) {}}, {kindBeginTerm, func(p *participant) { p.begin(1, other); p.end(1, other) }},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			p := newParticipant(t, timing)
			tt.set(p)
			p.fateOf = fateOfKinds(broke, tt.kind)
			p.run(3 * timing.OrphanAfter)
			if down, _, up := p.outages(); down != 1 || up != 0 {
				t.Errorf("told %d times that the registry does not answer, and %d times that it does", down, up)
			}
		})
	}
}

// Only beats that fail let the lease run out.
func TestMachine_TellsTheLeaseOnlyWhenBeatsFail(t *testing.T) {
	timing := registry.DefaultTiming
	left := func(p *participant) (named []time.Duration) {
		for _, d := range p.did {
			if n, ok := d.action.(note); ok && n.fact == factUnreachable {
				named = append(named, n.in)
			}
		}
		return named
	}
	p := newActive(t, timing)
	p.fateOf = fateOfKinds(broke, kindView)
	p.run(5 * timing.Interval)
	if got := left(p); len(got) != 1 || got[0] != 0 {
		t.Fatalf("views fail: the lease is named as %v", got)
	}
	p.did = nil
	p.fateOf = fateOfKinds(broke, kindView, kindBeat)
	p.run(5 * timing.Interval)
	if got := left(p); len(got) != 1 || got[0] <= 0 || got[0] > timing.Lease() {
		t.Errorf("beats fail too: the lease is named as %v", got)
	}
}

func TestMachine_TellsARefusalOnceAndAsSuch(t *testing.T) {
	p := newActive(t, registry.DefaultTiming)
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
	const span = 30 * second
	refused, unreadable := fmt.Errorf("%w: a validator", registry.ErrRefused), fmt.Errorf("x: %w", registry.ErrCorrupt)
	type step struct {
		at        time.Duration
		kind      kind
		err       error
		working   bool
		news      []fact
		withLease bool
	}
	down, up, no, bad := []fact{factUnreachable}, []fact{factReachable}, []fact{factRefused}, []fact{factBadAnswer}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"one kind fails again and again", []step{
			{kind: kindView, err: errNetwork, news: down}, {kind: kindView, err: errNetwork}, {kind: kindBeat}, {kind: kindView, news: up}, {kind: kindView},
		}},
		{"two kinds fail", []step{
			{kind: kindView, err: errNetwork, news: down}, {kind: kindBeat, err: errNetwork}, {kind: kindView}, {kind: kindBeat, news: up},
		}},
		{"the lease is logged with the first beat that fails while work runs", []step{
			{kind: kindView, err: errNetwork, working: true, news: down},
			{kind: kindBeat, err: errNetwork, working: true, news: down, withLease: true},
			{kind: kindBeat, err: errNetwork, working: true},
		}},
		{"no lease is logged without work", []step{{kind: kindBeat, err: errNetwork, news: down}, {kind: kindBeat, err: errNetwork}}},
		{"a refusal is logged besides an outage", []step{
			{kind: kindView, err: errNetwork, news: down}, {kind: kindEndTerm, err: refused, news: no}, {kind: kindEndTerm, err: refused},
		}},
		{"a rare kind is forgotten once it has not failed for a while", []step{
			{kind: kindEndTerm, err: errNetwork, news: down}, {at: span - 1, kind: kindBeat}, {at: span, kind: kindBeat, news: up},
		}},
		{"a routine kind is not", []step{{kind: kindView, err: errNetwork, news: down}, {at: 10 * span, kind: kindBeat}}},
		{"the next outage is logged again", []step{
			{kind: kindBeat, err: errNetwork, news: down}, {kind: kindBeat, news: up}, {kind: kindBeat, err: errNetwork, news: down},
		}},
		{"an answer that the protocol expects is no failure", []step{{kind: kindClaimant, err: registry.ErrNoClaimant}}},
		{"answers that cannot be read are logged by their kind", []step{
			{kind: kindView, err: unreadable, news: bad}, {kind: kindView, err: unreadable}, {kind: kindBeat}, {kind: kindView, err: unreadable},
			{kind: kindView}, {kind: kindView, err: unreadable, news: bad},
		}},
		{"an answer that cannot be read ends an outage", []step{
			{kind: kindView, err: errNetwork, news: down}, {kind: kindView, err: unreadable, news: []fact{factReachable, factBadAnswer}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o outage
			for i, s := range tt.steps {
				news, withLease := o.take(s.kind, s.err, s.working, s.at, span)
				if !slices.Equal(news, s.news) || withLease != s.withLease {
					t.Errorf("step %d: told %q, with the lease: %v; want %q, %v", i, news, withLease, s.news, s.withLease)
				}
				if s.err != nil && !expected(s.err) && !errors.Is(o.err, s.err) {
					t.Errorf("step %d: the latest failure is %v", i, o.err)
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
