package heartbeat

import (
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// begin takes a term that a view has shown to be this instance's, and starts its work,
// or has the passive side return first.
func (m *machine) begin(t registry.Term) {
	if ended := m.tenure.begin(t, m.standby, m.now, m.registration.registryTime(m.now)); ended != nil {
		m.backlog.endLater(ended)
	}
	m.vacancy.end()
	m.successor.begin(t.Number, m.tenure.held.after, m.now)
	m.announced.termBegun()
	if m.standby {
		m.act(awaitStandby{t.Number})
	} else {
		m.start()
	}
	m.backlog.sweepAt(m.now + m.sweepEvery())
	m.registration.beatAtOnce(m.now) // so that this record claims the term
}

// start starts the work of the held term.
func (m *machine) start() {
	m.tenure.start(m.now)
	m.act(startWork{m.tenure.work.term})
	m.act(note{fact: factActive, term: m.tenure.work.term.Number})
}

// stoodDown starts the work that waited for the passive side, if its term was not
// given up meanwhile.
func (m *machine) stoodDown(e stoodDown) {
	switch {
	case !m.tenure.work.waiting || e.term != m.tenure.work.term.Number:
	case e.err != nil:
		m.tenure.because(registry.NotReady)
		m.leaveWith(e.err)
	default:
		m.start()
	}
}

// stop tells the work to stop, once in order and once at once. Work of this process
// that has to stop at once gets a moment to let go of what it holds; the guard kills
// its work without one.
func (m *machine) stop(cause error, immediate bool) {
	notice := m.timing.StopGrace
	switch {
	case immediate && m.guarded:
		notice = 0
	case immediate:
		notice = m.timing.LetGo()
	}
	if m.tenure.stop(immediate, m.now, notice) {
		m.act(stopWork{cause, immediate})
		m.lookAhead()
	}
}

// killed is the instant by which work that was told to stop must be gone.
func (m *machine) killed() time.Duration {
	return m.tenure.killed(m.guarded, m.registration.lease, m.timing)
}

// stuck reports whether work that was told to stop is still there when it must be gone.
func (m *machine) stuck() bool {
	return m.tenure.work.running && m.tenure.work.stopping && m.now >= m.killed()
}

// abortIfStuck ends the process if its work does not stop. Work of this process ends with it.
// Work that the guard cannot kill may outlive the process, so this instance does not
// beat, and ends the process when its lease has ended. Peers go on after that.
func (m *machine) abortIfStuck() {
	if !m.stuck() {
		return
	}
	term := m.tenure.work.term.Number
	if m.announced.isStuck() {
		m.act(note{fact: factStuck, term: term, in: max(0, m.registration.lease-m.now)})
	}
	if !m.guarded || m.registration.lapsed(m.now) {
		m.enter(finished)
		m.act(abort{fmt.Errorf("%w: term %d stays open", ErrStuck, term)})
	}
}

// workGone takes note that nothing is left of the work, and goes on as its result says.
func (m *machine) workGone(e workGone) {
	w := &m.tenure.work
	if !w.running || e.term != w.term.Number {
		return
	}
	m.tenure.gone()
	ordered := m.cutDrain()
	switch {
	case e.result == done:
		m.tenure.done(e.code)
		m.leaveWith(e.err)
	case w.stopping && e.result == broken && m.phase == leaving:
		m.leaveWith(e.err)
	case w.stopping:
		m.conclude()
	case e.result == failing && ordered.any():
		m.follow(ordered)
	case e.result == failing:
		m.tenure.fail()
		m.searchPeer()
	default:
		m.tenure.because(registry.WorkFailed)
		m.leaveWith(e.err)
	}
	if ordered.leave {
		m.leaveHurried()
	}
}

// searchPeer asks whether a peer is there to try the work that fails here. It does not
// wait for what is under way in the background, but for an interval, so that work that
// fails at once does not spin.
func (m *machine) searchPeer() {
	r := m.candidate(m.registration.id)
	r.search, r.number = forPeer, m.tenure.work.term.Number
	background := &m.schedule.background
	background.drop()
	background.want(r)
	background.delay(m.now + m.timing.Interval)
}

// peerFound hands failing work to the peer that was found, or starts it again if there
// is none.
func (m *machine) peerFound(a answer) {
	w := &m.tenure.work
	if !w.failing || a.request.number != w.term.Number {
		return
	}
	m.tenure.peerFound()
	if a.err == nil {
		m.act(note{fact: factYielding, term: m.tenure.held.number})
		m.resign(registry.WorkFailed, nil)
		return
	}
	if errors.Is(a.err, registry.ErrNoCandidate) && m.announced.isAlone() {
		m.act(note{fact: factNobodyElse, term: w.term.Number})
	}
	m.tenure.start(m.now)
	m.act(startWork{w.term})
}

// resign makes an active instance step down and hold off.
func (m *machine) resign(reason registry.Reason, cause error) {
	m.tenure.resign(reason, m.now, m.timing.OrphanAfter)
	m.stop(cause, false)
	m.conclude()
}
