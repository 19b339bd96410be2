package heartbeat

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// participant is the machine of one instance. Its requests are answered at once, unless
// a test says otherwise, and its time passes as a test says.
type participant struct {
	t      *testing.T
	m      *machine
	reg    *store
	now    time.Duration
	past   *store             // if set, views are read from it
	fateOf func(request) fate // of each request; nil: fine; hung: not answered until it is released
	hung   []request
	yields bool // the work stops as soon as it is told to
	did    []timedAction
}

// timedAction is an action and the instant at which the machine asked for it.
type timedAction struct {
	at     time.Duration
	action action
}

func newParticipant(t *testing.T, timing registry.Timing) *participant {
	p := &participant{t: t, now: time.Hour}
	p.reg = newStore(func() time.Time { return noon.Add(p.now) })
	p.m = newMachine(settings{self: registry.Instance{Group: "g"}, timing: timing, newID: uuid.New}, p.now)
	return p
}

// newPassive returns a participant that stands by for a peer. The peer holds term 1, and has
// beaten for a span.
func newPassive(t *testing.T, timing registry.Timing, span time.Duration) (p *participant, holder uuid.UUID) {
	t.Helper()
	p = newParticipant(t, timing)
	holder = p.peer(timing)
	p.begin(1, holder)
	p.beating(span, timing.Interval, holder)
	return p, holder
}

// newActive returns a participant that works in term 1.
func newActive(t *testing.T, timing registry.Timing) *participant {
	t.Helper()
	p := newParticipant(t, timing)
	p.run(5 * timing.Interval)
	if !p.m.tenure.work.running {
		t.Fatal("does not work")
	}
	p.did = nil
	return p
}

// pass lets time pass while the machine is away.
func (p *participant) pass(d time.Duration) {
	p.t.Helper()
	p.now += d
	p.tell(tick{})
}

// run lets time pass, with a tick whenever the machine wants one.
func (p *participant) run(d time.Duration) {
	p.t.Helper()
	for end := p.now + d; p.now < end; {
		p.pass(min(max(p.m.deadline(), p.now+1), end) - p.now)
	}
}

// tell gives the machine an event, and then the answers that follow at the same instant.
func (p *participant) tell(e event) {
	p.t.Helper()
	queue := []event{e}
	for i := 0; i < len(queue); i++ {
		if i > 100 {
			p.t.Fatal("spins")
		}
		for _, a := range p.m.step(p.now, queue[i]) {
			p.did = append(p.did, timedAction{p.now, a})
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

func (p *participant) answer(c request) (a answer, ok bool) {
	what := fine
	if p.fateOf != nil {
		what = p.fateOf(c)
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

func (p *participant) apply(c request) answer {
	if p.past != nil && c.kind == kindView {
		return c.do(context.Background(), p.past, "g")
	}
	return c.do(context.Background(), p.reg, "g")
}

// release carries out the requests that hang, and answers them.
func (p *participant) release() {
	p.t.Helper()
	hung := p.hung
	p.hung, p.fateOf = nil, nil
	for _, c := range hung {
		p.tell(p.apply(c))
	}
}

// requests returns when requests of a kind were sent, but not the searches for who comes next.
func (p *participant) requests(k kind) (at []time.Duration) {
	for _, d := range p.did {
		if c, ok := d.action.(request); ok && c.kind == k && c.search != forSuccessor && c.search != forPlace {
			at = append(at, d.at)
		}
	}
	return at
}

// notes returns when a fact was logged.
func (p *participant) notes(f fact) (at []time.Duration) {
	for _, d := range p.did {
		if n, ok := d.action.(note); ok && n.fact == f {
			at = append(at, d.at)
		}
	}
	return at
}

// stops returns how the work was told to stop.
func (p *participant) stops() (list []stopWork) {
	for _, d := range p.did {
		if s, ok := d.action.(stopWork); ok {
			list = append(list, s)
		}
	}
	return list
}

// aborted returns when the machine ended the process; 0: it did not.
func (p *participant) aborted() time.Duration {
	for _, d := range p.did {
		if _, ok := d.action.(abort); ok {
			return d.at
		}
	}
	return 0
}

// peer registers another instance, which beats only when a test says so.
func (p *participant) peer(timing registry.Timing) uuid.UUID {
	in := registry.Instance{ID: uuid.New(), Group: "g", Interval: timing.Interval, OrphanAfter: timing.OrphanAfter}
	in.Candidate = true
	_, _ = p.reg.Register(context.Background(), in)
	return in.ID
}

func (p *participant) beat(id uuid.UUID) {
	_, _ = p.reg.Beat(context.Background(), id, registry.Status{Candidate: true})
}

func (p *participant) registered(id uuid.UUID) bool {
	_, ok := p.reg.instances[id]
	return ok
}

func (p *participant) delete(id uuid.UUID) { _ = p.reg.Unregister(context.Background(), id) }

// begin and end write the term of a peer.
func (p *participant) begin(number int64, holder uuid.UUID) {
	_ = p.reg.BeginTerm(context.Background(), registry.Term{Group: "g", Number: number, Holder: holder, OrphanAfter: p.m.timing.OrphanAfter})
}

func (p *participant) end(number int64, holder uuid.UUID) {
	_ = p.reg.EndTerm(context.Background(), "g", number, holder, registry.End{Reason: registry.Stopped})
}

// fateOfKinds returns a rule by which requests of some kinds have a fate, and all others
// are fine.
func fateOfKinds(what fate, kinds ...kind) func(request) fate {
	return func(c request) fate {
		for _, k := range kinds {
			if c.kind == k {
				return what
			}
		}
		return fine
	}
}
