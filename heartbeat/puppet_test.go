package heartbeat

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// puppet is a machine whose calls are answered at once, unless a test says
// otherwise, and whose time passes as a test says.
type puppet struct {
	t      *testing.T
	m      *machine
	reg    *store
	now    time.Duration
	past   *store             // if set, views are read from it
	befall func(request) fate // hung: until it is released
	hung   []request
	yields bool // the work heeds being told to stop
	did    []deed
}

// deed is an action and when it was asked for.
type deed struct {
	at     time.Duration
	action action
}

func newPuppet(t *testing.T, timing registry.Timing) *puppet {
	p := &puppet{t: t, now: time.Hour}
	p.reg = newStore(func() time.Time { return noon.Add(p.now) })
	p.m = newMachine(settings{self: registry.Instance{Group: "g"}, timing: timing, newID: uuid.New}, p.now)
	return p
}

// newLeader is a puppet that works.
func newLeader(t *testing.T, timing registry.Timing) *puppet {
	t.Helper()
	p := newPuppet(t, timing)
	p.live(5 * timing.Interval)
	if !p.m.tenure.work.running {
		t.Fatal("does not work")
	}
	p.did = nil
	return p
}

// pass lets time pass, during which the machine is away.
func (p *puppet) pass(d time.Duration) {
	p.t.Helper()
	p.now += d
	p.tell(tick{})
}

// live lets time pass, with a tick whenever the machine wants one.
func (p *puppet) live(d time.Duration) {
	p.t.Helper()
	for end := p.now + d; p.now < end; {
		p.pass(min(max(p.m.deadline(), p.now+1), end) - p.now)
	}
}

// tell hands over an event, and what follows from it at the same instant.
func (p *puppet) tell(e event) {
	p.t.Helper()
	queue := []event{e}
	for i := 0; i < len(queue); i++ {
		if i > 100 {
			p.t.Fatal("spins")
		}
		for _, a := range p.m.step(p.now, queue[i]) {
			p.did = append(p.did, deed{p.now, a})
			switch a := a.(type) {
			case request:
				if r, ok := p.answer(a); ok {
					queue = append(queue, r)
				}
			case stopWork:
				if p.yields {
					queue = append(queue, workGone{term: p.m.tenure.work.term.Number, result: yielded})
				}
			}
		}
	}
}

func (p *puppet) answer(c request) (a answer, ok bool) {
	what := fine
	if p.befall != nil {
		what = p.befall(c)
	}
	switch what {
	case hung:
		p.hung = append(p.hung, c)
		return answer{}, false
	case broke:
		return answer{request: c, err: errNetwork}, true
	case void:
		return answer{request: c}, true
	case lost:
		p.apply(c)
		return answer{request: c, err: errNetwork}, true
	}
	return p.apply(c), true
}

func (p *puppet) apply(c request) answer {
	if p.past != nil && c.kind == kindView {
		return c.do(context.Background(), p.past, "g")
	}
	return c.do(context.Background(), p.reg, "g")
}

// release carries out the calls that hang, and answers them.
func (p *puppet) release() {
	p.t.Helper()
	calls := p.hung
	p.hung, p.befall = nil, nil
	for _, c := range calls {
		p.tell(p.apply(c))
	}
}

// calls is when calls of a kind were made.
func (p *puppet) calls(k kind) (at []time.Duration) {
	for _, d := range p.did {
		if c, ok := d.action.(request); ok && c.kind == k {
			at = append(at, d.at)
		}
	}
	return at
}

// notes is when people were told of a fact.
func (p *puppet) notes(f fact) (at []time.Duration) {
	for _, d := range p.did {
		if n, ok := d.action.(note); ok && n.fact == f {
			at = append(at, d.at)
		}
	}
	return at
}

// stops is how the work was told to stop.
func (p *puppet) stops() (list []stopWork) {
	for _, d := range p.did {
		if s, ok := d.action.(stopWork); ok {
			list = append(list, s)
		}
	}
	return list
}

// aborted is when the machine ended the process; 0: it did not.
func (p *puppet) aborted() time.Duration {
	for _, d := range p.did {
		if _, ok := d.action.(abort); ok {
			return d.at
		}
	}
	return 0
}

// peer registers another instance, which beats when a test says so.
func (p *puppet) peer(timing registry.Timing) uuid.UUID {
	in := registry.Instance{ID: uuid.New(), Group: "g", Interval: timing.Interval, OrphanAfter: timing.OrphanAfter}
	in.Candidate = true
	_, _ = p.reg.Register(context.Background(), in)
	return in.ID
}

func (p *puppet) beat(id uuid.UUID) {
	_, _ = p.reg.Beat(context.Background(), id, registry.Status{Candidate: true})
}

func (p *puppet) there(id uuid.UUID) bool {
	_, ok := p.reg.instances[id]
	return ok
}

func (p *puppet) delete(id uuid.UUID) { _ = p.reg.Unregister(context.Background(), id) }

// begin and end are of a term that is another's.
func (p *puppet) begin(number int64, holder uuid.UUID) {
	_ = p.reg.BeginTerm(context.Background(), registry.Term{Group: "g", Number: number, Holder: holder, OrphanAfter: p.m.timing.OrphanAfter})
}

func (p *puppet) end(number int64, holder uuid.UUID) {
	_ = p.reg.EndTerm(context.Background(), "g", number, holder, registry.End{Reason: registry.Stopped})
}

// befalls is what befalls calls of some kinds.
func befalls(what fate, kinds ...kind) func(request) fate {
	return func(c request) fate {
		for _, k := range kinds {
			if c.kind == k {
				return what
			}
		}
		return fine
	}
}
