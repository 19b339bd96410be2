package scheduler

import "time"

// A run whose job has an on_finish stays open until the URL was told of its end. So the next
// holder goes on with it, and the URL is told at least once, within these limits.
const (
	deliverFirst = time.Second      // the pause after the first attempt to tell it
	deliverLast  = 5 * time.Minute  // the longest pause
	deliverFor   = 24 * time.Hour   // from the end of the run; then it is given up
	deliverTime  = 15 * time.Second // for one attempt
	maxSending   = 8                // attempts at a time
	maxUntold    = 100              // ends that wait to be told; of more, the oldest is given up
)

// afterChildren goes on with a run of whose children all are claimed.
func (m *machine) afterChildren(r *run) {
	if m.definition(r.record.Job).OnFinish == "" {
		m.close(r)
		return
	}
	r.retryAt, r.pause = 0, 0
	m.move(r, delivering)
	if untold := m.untold(); len(untold) > maxUntold {
		m.giveUp(untold[0], "too many others wait")
	}
}

// untold returns the runs of whose end somebody has to be told.
func (m *machine) untold() (list []*run) {
	for _, r := range m.list {
		if r.phase == delivering {
			list = append(list, r)
		}
	}
	return list
}

// deliver has URLs told of the ends of runs.
func (m *machine) deliver() {
	sending := 0
	for _, r := range m.list {
		if r.sending {
			sending++
		}
	}
	for _, r := range m.untold() {
		to := m.definition(r.record.Job).OnFinish
		switch {
		case r.sending || m.local < r.retryAt:
		case to == "": // it is not wanted any more
			m.close(r)
		case sending < maxSending:
			r.sending = true
			sending++
			m.act(delivery{to: to, run: r.record})
		}
	}
}

// delivered takes the answer to an attempt to tell of the end of a run.
func (m *machine) delivered(e delivered) {
	r := m.runs[e.key]
	if r == nil || !r.sending {
		return
	}
	r.sending = false
	if r.phase != delivering {
		return
	}
	if e.err == nil {
		m.close(r)
		return
	}
	m.act(note{fact: factUntold, run: r.record, err: e.err})
	switch {
	case !e.again:
		m.giveUp(r, "the receiver wants none")
	case m.now().Sub(r.record.EndedAt) > deliverFor:
		m.giveUp(r, "it was tried for "+deliverFor.String())
	default:
		r.pause = min(max(2*r.pause, deliverFirst), deliverLast)
		r.retryAt = m.local + m.jitter(r.pause)
	}
}

// giveUp leaves a URL untold of the end of a run.
func (m *machine) giveUp(r *run, why string) {
	m.act(note{fact: factGivenUp, run: r.record, text: why})
	m.close(r)
}
