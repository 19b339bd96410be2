package heartbeat

import "time"

// Bounds of the requests of one instance within any span of its budgets, whatever happens
// to it: of views, of all that the election waits for together with the beats (each view
// is followed by a question and a write at most), and of requests in the background. The
// budgets give one span's worth at once, and another over the span. TestSimulation tells
// how close all that comes.
const (
	electionBound   = 3*2*viewsPerSpan + 2
	backgroundBound = 2 * backgroundPerSpan
)

// rate counts the latest requests.
type rate struct {
	at   [backgroundBound + 1]time.Duration // of the latest ones
	n    int
	most int // within one span
}

// count notes a request, and returns how many there were within the span before it.
func (r *rate) count(now, span time.Duration) int {
	r.at[r.n%len(r.at)] = now
	r.n++
	n := 1
	for n < min(r.n, len(r.at)) && now-r.at[(r.n-1-n)%len(r.at)] < span {
		n++
	}
	r.most = max(r.most, n)
	return n
}

// checkRate checks that no instance floods the registry.
func (w *world) checkRate(p *process, c request) {
	r, bound := &p.election, electionBound
	if c.inBackground() {
		r, bound = &p.background, backgroundBound
	}
	span := budgetSpan(p.timing)
	if n := r.count(w.now, span*98/100); n > bound { // by a clock that may be fast
		w.fail("host%d makes %d requests within %v, the last is %s", p.n, n, span, c.kind)
	}
	w.most[b2i(c.inBackground())] = max(w.most[b2i(c.inBackground())], r.most)
}
