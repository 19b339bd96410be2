package heartbeat

import (
	"time"

	"github.com/google/uuid"
)

// place is what this instance finds out by itself about its place in the order of seniority.
// It searches once, when its record begins to show that it is a candidate. If it comes next
// after the present term, it listens to the bell until the active instance has had the time
// to mark its record. All of that is a hint, on which no safety rests. Instants are local.
//
// The machine writes it when a registration or a beat is acknowledged, when a view is
// answered after that, and when the search is sent and answered.
type place struct {
	candidate bool          // what the record shows
	wanted    bool          // the next view says after which term to search
	search    int64         // the term after which the search is to be sent; 0: none is due
	next      int64         // the term after which this instance comes next; 0: none
	until     time.Duration // for how long next counts
}

// begin takes the acknowledgement of a registration.
func (p *place) begin(candidate bool) { *p = place{candidate: candidate, wanted: candidate} }

// shows takes the acknowledgement of a beat, and reports whether the record has begun to show
// that this instance is a candidate.
func (p *place) shows(candidate bool) (begun bool) {
	begun = candidate && !p.candidate
	p.candidate, p.wanted = candidate, p.wanted && candidate || begun
	return begun
}

// decided takes note of the term after which to search; 0: there is no need to.
func (p *place) decided(term int64) { p.wanted, p.search = false, term }

// take returns the term after which the search is to be sent now.
func (p *place) take() (term int64) {
	term, p.search = p.search, 0
	return term
}

// found takes note that this instance comes next after a term.
func (p *place) found(term int64, until time.Duration) { p.next, p.until = term, until }

// comesNext reports whether this instance comes next after a term.
func (p *place) comesNext(term int64, now time.Duration) bool {
	return p.next > 0 && p.next >= term && now < p.until
}

// seekPlace takes the answer to a view. The first one that counts after the record has begun
// to show a candidate decides whether to search. If there is a vacancy, the one that takes over
// searches for its successor, and finds this instance if it is that.
func (m *machine) seekPlace(a answer) {
	if !m.place.wanted || m.phase != member || a.err != nil || a.view.Number() < m.observations.highest {
		return
	}
	t := a.view.Latest
	if t == nil || t.Holder == m.registration.id || m.vacancy.found || m.listens() {
		m.place.decided(0)
		return
	}
	m.place.decided(t.Number)
}

// searchPlace returns the search for who comes next after a peer's term, if it is due;
// otherwise nil.
func (m *machine) searchPlace() *request {
	term := m.place.take()
	if term == 0 || m.vacancy.found || m.tenure.active() {
		return nil
	}
	r := m.candidate(m.observations.holder.id)
	r.search, r.number = forPlace, term
	return r
}

// placeFound takes the answer to that search. The active instance marks this one with its
// next search, and the next beat shows that. An interval is left for the requests.
func (m *machine) placeFound(a answer) {
	if a.err == nil && a.senior != uuid.Nil && a.senior == m.registration.id {
		m.place.found(a.request.number, m.now+searchEvery(m.observations.holder.promise)+2*m.timing.Interval)
	}
}
