package heartbeat

import (
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// workState is the work of a term.
type workState struct {
	term     registry.Term // the term that is mine; Number 0: none
	waiting  bool          // to be started once the passive side has returned
	since    time.Duration // when it was started
	running  bool          // started and not yet gone
	retry    bool          // it failed, a peer is being looked for
	stopping bool          // told to stop
	killAt   time.Duration // when it is killed for not stopping
}

// begin takes a term that a view has shown to be mine, and starts its work, or has
// the passive side return first.
func (m *machine) begin(t registry.Term) {
	m.work = workState{term: t, waiting: m.standby}
	m.duty.number, m.duty.due, m.duty.end = t.Number, false, registry.End{}
	m.vacancy, m.known = vacancy{}, known{command: m.known.command, outage: m.known.outage, unreadable: m.known.unreadable}
	if t := m.duty.after; t != nil {
		end := registry.End{Reason: registry.Orphaned, Silence: m.duty.silent.unheard(m.now, m.registryNow())}
		m.unclosed, m.duty.after = endOf(t.Number, t.Holder, end).inPast(), nil
	}
	if m.work.waiting {
		m.act(awaitStandby{t.Number})
	} else {
		m.start()
	}
	m.nextSweep = m.now + m.sweepEvery()
	m.nextBeat = m.now // so that this record claims the term
}

// start starts the work of the term that is mine.
func (m *machine) start() {
	w := &m.work
	w.waiting, w.running, w.since = false, true, m.now
	m.act(startWork{w.term})
	m.act(note{fact: factActive, term: w.term.Number})
}

// stoodDown starts the work that waited, if its term was not given up meanwhile: what
// time has changed was seen to before.
func (m *machine) stoodDown(e stoodDown) {
	switch {
	case !m.work.waiting || e.term != m.work.term.Number:
	case e.err != nil:
		m.because(registry.NotReady)
		m.leaveWith(e.err)
	default:
		m.start()
	}
}

// stop tells the work to stop, once in order and once at once.
func (m *machine) stop(cause error, immediate bool) {
	w := &m.work
	if !w.running {
		return
	}
	switch {
	case !w.stopping && !immediate:
		w.killAt = m.now + m.timing.StopGrace
	case !w.stopping && m.guarded:
		w.killAt = m.now
	case !w.stopping:
		w.killAt = m.now + m.timing.LetGo() // to let go of what it holds
	case immediate && w.killAt > m.now && m.guarded:
		w.killAt = m.now
	case immediate && w.killAt > m.now+m.timing.LetGo():
		w.killAt = m.now + m.timing.LetGo()
	default:
		return
	}
	w.stopping = true
	m.act(stopWork{cause, immediate})
}

// killed is the instant by which the work must be gone: for work of this process
// just before the end of its lease at the latest; the guard's gets another grace
// after its SIGKILL.
func (m *machine) killed() time.Duration {
	if m.guarded {
		return m.work.killAt + m.timing.StopGrace
	}
	return min(m.work.killAt, m.lease-m.timing.KillMargin())
}

func (m *machine) stuck() bool { return m.work.running && m.work.stopping && m.now >= m.killed() }

// giveUp ends the process for work that will not stop. The work of this process
// ends with it. What the guard cannot kill may outlive us, so the lease is sat
// out in silence; peers go on after that.
func (m *machine) giveUp() {
	if !m.stuck() {
		return
	}
	if !m.known.stuck {
		m.known.stuck = true
		m.act(note{fact: factStuck, term: m.work.term.Number, in: max(0, m.lease-m.now)})
	}
	if !m.guarded || m.now >= m.lease {
		m.phase = finished
		m.act(abort{fmt.Errorf("%w: term %d stays open", ErrStuck, m.work.term.Number)})
	}
}

// workGone takes note that nothing is left of the work.
func (m *machine) workGone(e workGone) {
	w := &m.work
	if !w.running || e.term != w.term.Number {
		return
	}
	w.running = false
	switch {
	case e.result == done:
		m.duty.end = registry.End{Reason: registry.WorkDone, ExitCode: e.code}
		m.leaveWith(e.err)
	case w.stopping && e.result == broken && m.phase == leaving:
		m.leaveWith(e.err)
	case w.stopping:
		m.conclude()
	case e.result == failing:
		w.retry = true
		m.aside.drop() // a hint that hangs, or history
		m.aside.then = m.lookForPeer()
		m.aside.next = max(m.aside.next, m.now+m.timing.Interval) // work that fails at once is not to spin
	default:
		m.because(registry.WorkFailed)
		m.leaveWith(e.err)
	}
}

// leaveWith leaves with what the work has to say.
func (m *machine) leaveWith(err error) {
	if m.phase == leaving {
		m.parting = err
		m.conclude()
		return
	}
	m.leave(err)
}

// lookForPeer asks whether anyone is there to try what fails here.
func (m *machine) lookForPeer() *call {
	c := m.candidate(m.id)
	c.peer, c.number = true, m.work.term.Number
	return c
}

// peerFound hands failing work to the peer, or tries it again for want of one.
func (m *machine) peerFound(a answer) {
	if !m.work.retry || a.call.number != m.work.term.Number {
		return
	}
	m.work.retry = false
	if a.err == nil {
		m.act(note{fact: factYielding, term: m.duty.number})
		m.resign(registry.WorkFailed, nil)
		return
	}
	if !m.known.nobodyElse && errors.Is(a.err, registry.ErrNoCandidate) {
		m.known.nobodyElse = true
		m.act(note{fact: factNobodyElse, term: m.work.term.Number})
	}
	m.work.running, m.work.since = true, m.now
	m.act(startWork{m.work.term})
}
