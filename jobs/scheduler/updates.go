package scheduler

import (
	"errors"

	"github.com/understudy-go/understudy/jobs/store"
)

// write has the store updated with what was decided about runs. An update whose answer is
// uncertain is made again as it is.
func (m *machine) write() {
	for _, r := range m.list {
		if r.phase.writes() && !r.writing && m.local >= r.retryAt {
			r.writing = true
			m.act(request{kind: kindUpdate, sent: m.local, runs: []store.Run{r.next}, was: r.asked})
		}
	}
}

// updated takes the answer to an update.
func (m *machine) updated(a answer) {
	r := m.runs[a.request.runs[0].Key]
	if r == nil || !r.writing {
		return
	}
	r.writing = false
	if m.lost { // nothing is written any more
		m.drop(r)
		return
	}
	changed := errors.Is(a.err, store.ErrChanged) || errors.Is(a.err, store.ErrNoRun)
	switch {
	case a.err != nil && !changed && errors.Is(a.err, store.ErrLeftOut), a.stored != nil && a.stored.Term > m.holder.Term:
		// What stands there now is no record that can be changed.
		m.calls.want(kindDue) // the next run of its job need not wait for it
		m.act(note{fact: factEndLost, run: r.record, err: a.err})
		m.drop(r)
		return
	case errors.Is(a.err, store.ErrTooLarge) && len(r.next.Output.Head)+len(r.next.Output.Tail)+len(r.next.Result) > 0:
		r.next.Output, r.next.Result = store.Output{Bytes: r.next.Output.Bytes}, nil
		r.next.Remark = "its output and its result are too large to be stored"
		m.act(note{fact: factCallFailed, text: string(kindUpdate), run: r.record, err: a.err})
		return
	case a.err != nil && !changed:
		r.pause = longer(r.pause)
		r.retryAt = m.local + r.pause
		m.act(note{fact: factCallFailed, text: string(kindUpdate), run: r.record, err: a.err})
		return
	}
	r.pause = 0
	switch r.phase {
	case taking:
		m.taken(r, a)
	case recording, settling:
		m.recorded(r, a)
	case closing:
		m.drop(r)
	}
}

// taken takes the answer to the claim of a waiting run.
func (m *machine) taken(r *run, a answer) {
	m.forgetRetry(r.record.Key)
	early := m.early[r.record.Key]
	delete(m.early, r.record.Key)
	s := a.stored
	if a.err != nil && (s == nil || s.State != store.Processing || s.Term != m.holder.Term || s.Nonce != r.next.Nonce) {
		m.drop(r) // somebody cancelled it, or a holder before took it late
		m.wantNews()
		return
	}
	r.record = r.next
	r.record.Term, r.record.Instance = m.holder.Term, m.holder.Instance
	m.move(r, claimed)
	m.wanted(r, early)
	if s != nil {
		m.wanted(r, s.Cancel)
	}
	m.releaseIfOver(r)
}

// recorded takes the answer to the record of an end. If the record is another one, either
// the end is stored, and the answer before was lost, or somebody else decided.
func (m *machine) recorded(r *run, a answer) {
	if r.phase == settling {
		m.forgetRetry(r.record.Key)
		m.calls.want(kindDue)
	}
	if a.err != nil && !holds(a.stored, r.next) {
		m.act(note{fact: factEndLost, run: r.record, err: a.err})
		m.drop(r)
		m.wantNews()
		return
	}
	r.record = r.next
	r.record.Term, r.record.Instance = m.holder.Term, m.holder.Instance
	m.act(outcome{r.record})
	if r.record.State == store.Waiting {
		m.noteRetry(r.record)
		if m.nextDue.IsZero() || r.record.Due.Before(m.nextDue) {
			m.nextDue = r.record.Due
		}
	}
	busy := r.phase.busy()
	if r.record.State.Ended() && r.record.Open {
		m.move(r, following)
	} else {
		m.drop(r)
	}
	if busy {
		m.goOn(m.job(r.record.Job))
	}
}

// holds reports whether a stored record already holds the end that was to be written.
func holds(stored *store.Run, next store.Run) bool {
	if stored == nil || stored.Nonce != next.Nonce || stored.Attempt != next.Attempt {
		return false
	}
	if n := len(next.Attempts); n > 0 && stored.State != next.State {
		// Somebody cancelled it after the end of this attempt was stored.
		return len(stored.Attempts) > 0 && stored.Attempts[len(stored.Attempts)-1].End == next.Attempts[n-1].End
	}
	return stored.State == next.State
}
