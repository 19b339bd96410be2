package heartbeat

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// knowledge is what a process has seen of the group's terms, in views that it took.
type knowledge struct {
	registered map[uuid.UUID]time.Duration // when each of its registrations was made
	first      time.Duration               // when the first one that was acknowledged was made
	joined     bool
	views      int
	newest     int64
	open       simTerm // the latest of another that it saw open
	over       simTerm // the one whose work is done, which it was there for
	may        simTerm // the one for which it may leave
}

// learn takes note of an answer just before the machine does.
func (w *world) learn(p *process, a answer) {
	k := &p.known
	if a.request.kind == kindRegister && a.err == nil && p.m.schedule.election.busy.seq == a.request.seq && !k.joined {
		k.joined, k.first = true, k.registered[a.request.id]
	}
	t := a.view.Latest
	if a.request.kind != kindView || a.err != nil || p.m.phase != member || p.m.schedule.election.busy.seq != a.request.seq || a.view.Number() < k.newest {
		return
	}
	before, first := k.newest, k.views == 0
	k.newest, k.views = a.view.Number(), k.views+1
	if t == nil || t.Holder == p.m.registration.id {
		return
	}
	now := simTerm{t.Number, t.Holder}
	if t.Open() {
		k.open = now
		return
	}
	if t.End.Reason != registry.WorkDone {
		return
	}
	began, known := w.begunAt[now]
	switch {
	case k.open == now, !first && before < t.Number, first && k.joined && k.first < began:
		k.may = now
		if !first || w.stepAt < min(began, k.first) {
			k.over = now
		}
	case first && (!known || w.stepAt >= began): // a hint, which goes by the registry's clock
		k.may = now
	}
}

// checkQuit checks that a process leaves for work that is done only if it is done, and if
// the process was there.
func (w *world) checkQuit(p *process, err error) {
	var done *WorkDoneError
	if !errors.As(err, &done) || w.backAt > 0 || p.lostTerms {
		return
	}
	t := simTerm{done.Term, done.Holder}
	if _, ok := w.doneAt[t]; !ok {
		w.fail("host%d quits for the work of term %d, which is not done", p.n, t.term)
	}
	if p.known.may != t {
		w.fail("host%d quits for the work of term %d, which was done before it came", p.n, t.term)
	}
}

// checkRedone checks that an instance which was there for work, and has seen that it is
// done, does not take the next term.
func (w *world) checkRedone(f *flight) {
	if over := f.p.known.over; w.backAt == 0 && over.term > 0 && f.c.term.Number == over.term+1 && !f.p.dead {
		w.fail("host%d begins term %d although it was there for term %d, whose work is done", f.p.n, f.c.term.Number, over.term)
	}
}
