package heartbeat

import "time"

// due is something that will happen in the simulated world. Frequent things have kinds of
// their own, everything else is a function.
type due struct {
	at   time.Duration
	seq  uint64 // breaks ties: what was planned first happens first
	what dueKind
	slot int32 // of the flight, or of the function
	proc int32 // tick: the process
}

type dueKind uint8

const (
	dueTick dueKind = iota
	dueApply
	dueAnswer
	dueTimeout
	dueFunc
)

// agenda is a heap of what is due, the earliest first.
type agenda []due

func (a agenda) before(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}

func (a *agenda) push(d due) {
	*a = append(*a, d)
	h := *a
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.before(i, up) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (a *agenda) pop() due {
	h := *a
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*a = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return top
		}
		if child+1 < last && h.before(child+1, child) {
			child++
		}
		if !h.before(child, i) {
			return top
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
