package heartbeat

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// settings is what a machine is told at its making and never changes.
type settings struct {
	self        registry.Instance // Group, Host, PID, Version, Priority, Command
	timing      registry.Timing
	guarded     bool          // a guard outside this process ends the work
	joinTimeout time.Duration // for the first registration; 0: none
	newID       func() uuid.UUID
}

// phase is what a machine is about.
type phase string

const (
	joining  phase = "joining"  // wants a registration
	member   phase = "member"   // has one, beats
	retiring phase = "retiring" // never beats under this UUID again, will join anew
	leaving  phase = "leaving"  // will be gone
	finished phase = "finished"
)

// machine is the protocol: events in, actions out. It does no I/O, starts no
// goroutine, reads no clock and draws no random number; the same events at the
// same instants give the same actions.
type machine struct {
	settings
	now, last time.Duration
	actions   []action
	seq       int64

	phase phase
	id    uuid.UUID

	// The lease: the latest end over all acknowledged beats, and the registry's
	// time at the latest of them.
	lease    time.Duration
	clock    time.Time
	beating  int64 // the beat that is under way
	nextBeat time.Duration
	spent    bool // the lease was given up: never beat under this UUID again

	// Every other call is made one at a time.
	busy     call
	nextCall time.Duration // not before, after a call failed
	then     *call         // to be made as soon as nothing is under way
	lastErr  error

	nextView time.Duration
	stale    bool // view again: something changed
	watching bool

	// What was observed of others; it outlives a registration.
	holder   sighting
	passives map[uuid.UUID]sighting
	highest  int64
	past     time.Duration
	sawOpen  registry.Term
	deposed  uuid.UUID      // the holder that I deleted as an orphan
	unclosed *registry.Term // its term, to be ended now that mine has begun
	vacancy  vacancy

	work workState
	duty duty

	holdOff   time.Duration // do not compete before; 0: free to
	resigned  int64
	nextSweep time.Duration
	orphans   []call // passive ones to be deleted
	joinBy    time.Duration
	releaseBy time.Duration
	hurried   bool      // somebody waits for this process to go
	parting   error     // what Run will return
	joined    time.Time // the registry's time at the first registration

	known known
}

// vacancy is a group without an active instance, as long as it stays so.
type vacancy struct {
	after int64 // the term that is over
	since time.Duration
	asked bool
	found bool
	term  *registry.Term // as it was seen
}

// workState is the work of a term.
type workState struct {
	term    registry.Term // the term that is mine; Number 0: none
	running bool          // started and not yet gone
	retry   bool          // it failed, a peer is being looked for
	told    bool          // told to stop
	killAt  time.Duration // when it is killed for not stopping
}

// duty is a term that this registration may hold and has to end.
type duty struct {
	number int64 // 0: none
	due    bool  // the work is gone: end it now
	since  time.Duration
	end    registry.End
	after  *registry.Term // the open term of the one deposed, before mine
}

// known is what people know already, so that each fact is told once.
type known struct {
	standingBy int64
	silent     bool
	vacant     bool
	failing    string // the lane whose calls do
	badView    bool
	exhausted  bool
	nobodyElse bool
	stuck      bool
	command    uuid.UUID
}

func newMachine(s settings, now time.Duration) *machine {
	m := &machine{settings: s, now: now, last: now, phase: joining, passives: map[uuid.UUID]sighting{}}
	if s.joinTimeout > 0 {
		m.joinBy = now + s.joinTimeout
	}
	return m
}

// step takes one event at a local instant and returns what to do about it, in a
// slice that is good until the next step. What time alone has changed comes
// first: an answer that arrives after the lease has ended finds it ended.
func (m *machine) step(now time.Duration, e event) []action {
	m.actions = m.actions[:0]
	m.last, m.now = m.now, max(m.now, now)
	if m.phase == finished {
		return nil
	}
	if m.now-m.last > 2*m.timing.Interval {
		m.holder = m.holder.afterGap(m.now)
		for id, s := range m.passives {
			m.passives[id] = s.afterGap(m.now)
		}
	}
	if e, gone := e.(workGone); gone {
		m.workGone(e) // first: nothing is left to be stopped
	}
	m.pass()
	if m.phase == finished {
		return m.actions
	}
	switch e := e.(type) {
	case answer:
		m.answered(e)
	case woken:
		m.stale = true
	case watching:
		m.watching, m.stale = e.up, true
	case leave:
		m.hurry()
	}
	m.proceed()
	return m.actions
}

func (m *machine) act(a action) { m.actions = append(m.actions, a) }

func (m *machine) call(c call) {
	m.seq++
	c.seq, c.sent = m.seq, m.now
	if c.timeout == 0 {
		c.timeout = m.timing.CallTimeout()
	}
	if c.kind == callBeat {
		m.beating = c.seq
	} else {
		m.busy = c
	}
	m.act(c)
}

// deadline is the next local instant at which the machine wants a tick.
func (m *machine) deadline() time.Duration {
	next := m.now + m.timing.Interval
	at := func(t time.Duration, when bool) {
		if when && t > m.now { // what is due by now was done, or waits for an answer
			next = min(next, t)
		}
	}
	at(m.nextBeat, m.beats() && m.beating == 0)
	at(m.lease-m.timing.StopGrace, m.duty.number > 0)
	at(m.lease, m.work.running)
	at(m.killed(), m.work.running && m.work.told)
	at(m.releaseBy, true)
	at(m.nextCall, m.busy.seq == 0)
	at(m.nextView, m.busy.seq == 0 && m.phase == member)
	return next
}

// beats reports whether this registration is to be kept alive: not once it may
// have lost its lease, and not for work that will not die.
func (m *machine) beats() bool {
	if m.phase == leaving {
		return !m.spent && m.id != uuid.Nil && m.work.running && m.now < m.lease && !m.stuck()
	}
	return m.phase == member && !m.stuck()
}

// standsBy reports whether the passive side of this process may run.
func (m *machine) standsBy() bool {
	return (m.phase == joining || m.phase == member) && m.work.term.Number == 0
}

// pass is what happens by the passing of time alone.
func (m *machine) pass() {
	if m.work.running && m.now >= m.lease && m.phase != retiring && m.phase != leaving {
		// Only a process that was away finds its lease ended before it was told
		// to stop; whoever guards the work has killed it by now.
		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, true)
	}
	if m.phase == member && m.duty.number > 0 && !m.duty.due && m.now >= m.lease-m.timing.StopGrace {
		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, false)
	}
	if m.phase == member && m.duty.due && m.now >= m.duty.since+m.timing.OrphanAfter {
		m.retire("", m.duty.end.Reason, nil, false)
	}
	if m.work.running && m.work.told && m.now >= m.lease && m.work.killAt > m.now {
		m.stop(ErrLeaseLost, true)
	}
	m.giveUp()
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

func (m *machine) stuck() bool { return m.work.running && m.work.told && m.now >= m.killed() }

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

// stop tells the work to stop, once in order and once at once.
func (m *machine) stop(cause error, immediate bool) {
	w := &m.work
	if !w.running {
		return
	}
	switch {
	case !w.told && !immediate:
		w.killAt = m.now + m.timing.StopGrace
	case !w.told && m.guarded:
		w.killAt = m.now
	case !w.told:
		w.killAt = m.now + m.timing.KillMargin() // to let go of what it holds
	case immediate && w.killAt > m.now && m.guarded:
		w.killAt = m.now
	case immediate && w.killAt > m.now+m.timing.KillMargin():
		w.killAt = m.now + m.timing.KillMargin()
	default:
		return
	}
	w.told = true
	m.act(stopWork{cause, immediate})
}

// retire gives this registration up: it never beats again.
func (m *machine) retire(f fact, reason registry.Reason, cause error, immediate bool) {
	if f != "" && (f != factLeaseLost || m.work.running) {
		m.act(note{fact: f, term: m.duty.number})
	}
	if m.phase == member {
		m.phase, m.spent = retiring, true
	}
	m.then = nil
	m.because(reason)
	m.stop(cause, immediate)
	m.yield()
}

// because notes why the term ends; the first reason stands.
func (m *machine) because(reason registry.Reason) {
	if m.duty.end.Reason == "" {
		m.duty.end.Reason = reason
	}
}

// leave begins the way out. Calls that may still make something of ours are
// waited for; all others are forgotten.
func (m *machine) leave(parting error) {
	if m.phase == leaving {
		return
	}
	m.phase, m.parting, m.then = leaving, parting, nil
	if k := m.busy.kind; k != callRegister && k != callBeginTerm && k != callEndTerm {
		m.busy = call{}
	}
	m.nextCall = 0
	m.because(registry.Stopped)
	m.stop(ErrStopped, false)
	m.yield()
}

// yield makes the end of a term due, if nothing works in it any more.
func (m *machine) yield() {
	if m.work.running {
		return
	}
	if m.work.term.Number > 0 {
		m.resigned = max(m.resigned, m.work.term.Number)
	}
	m.work = workState{}
	if m.duty.number > 0 && !m.duty.due {
		m.duty.due, m.duty.since = true, m.now
	}
	if m.phase == leaving && m.releaseBy == 0 {
		m.releaseBy = m.now + m.releaseTime()
		if !m.hurried && m.duty.end.Reason == registry.WorkDone {
			m.releaseBy = m.now + m.timing.OrphanAfter // else it is done again
		}
	}
}

// releaseTime is what someone who waits for this process to go is made to wait
// for a registry that does not answer.
func (m *machine) releaseTime() time.Duration { return min(5*time.Second, m.timing.CallTimeout()) }

// hurry takes the order to leave.
func (m *machine) hurry() {
	m.hurried = true
	m.leave(nil)
	if m.releaseBy > 0 {
		m.releaseBy = min(m.releaseBy, m.now+m.releaseTime())
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
		m.part(e.err)
	case w.told && e.result == broken && m.phase == leaving:
		m.part(e.err)
	case w.told:
		m.yield()
	case e.result == failing:
		w.retry = true
		m.then = m.lookForPeer()
		m.nextCall = max(m.nextCall, m.now+m.timing.Interval) // work that fails at once is not to spin
	default:
		m.because(registry.WorkFailed)
		m.part(e.err)
	}
	if m.phase == member && !w.running && !w.retry {
		m.act(note{fact: factPassive, term: e.term})
	}
}

// part leaves with what the work has to say.
func (m *machine) part(err error) {
	if m.phase == leaving {
		m.parting = err
		m.yield()
		return
	}
	m.leave(err)
}

// resign makes an active instance step down and hold off.
func (m *machine) resign(reason registry.Reason, cause error) {
	m.because(reason)
	m.resigned, m.holdOff = max(m.resigned, m.work.term.Number), m.now+m.timing.OrphanAfter
	m.stop(cause, false)
	m.yield()
}

// join forgets the registration, but nothing that was observed, and goes on
// holding off.
func (m *machine) join() {
	if m.id != uuid.Nil {
		m.act(note{fact: factAnew})
	}
	m.phase, m.id, m.lease, m.beating, m.spent = joining, uuid.Nil, 0, 0, false
	m.duty, m.work = duty{}, workState{}
	m.vacancy, m.then, m.orphans = vacancy{}, nil, nil
}

// failed says that a call did not succeed; people hear of it once.
func (m *machine) failed(c call, err error) {
	m.lastErr = fmt.Errorf("%s: %w", c.kind, err)
	if m.known.failing != "" {
		return
	}
	m.known.failing = c.lane()
	n := note{fact: factUnreachable, err: m.lastErr}
	if m.work.running {
		n.in = max(0, m.lease-m.timing.StopGrace-m.now)
	}
	m.act(n)
}

// reached says that a call did succeed, if people believe the contrary.
func (m *machine) reached(c call) {
	if m.known.failing == c.lane() {
		m.known.failing = ""
		m.act(note{fact: factReachable})
	}
}

// The causes with which the context of the work ends, and what Run may return.
var (
	// ErrStopped says that this process was told to stop.
	ErrStopped = errors.New("heartbeat: told to stop")
	// ErrHandedOver says that somebody asked for another instance.
	ErrHandedOver = errors.New("heartbeat: asked to hand over")
	// ErrLeaseLost says that no beat was acknowledged in time.
	ErrLeaseLost = errors.New("heartbeat: lease lost")
	// ErrTermOver says that this term is over already, or was never ours alone.
	ErrTermOver = errors.New("heartbeat: term over")
	// ErrWorkFailing is what the work returns, wrapped or not, when it failed
	// repeatedly and a peer should try.
	ErrWorkFailing = errors.New("heartbeat: work keeps failing")
	// ErrStuck says that the work did not stop in time.
	ErrStuck = errors.New("heartbeat: work would not stop")
	// ErrUnreachable says that the registry did not answer in time at the start.
	ErrUnreachable = errors.New("heartbeat: registry unreachable")
)

// WorkDoneError says that another instance has finished the work of the group.
type WorkDoneError struct {
	Term     int64
	Holder   uuid.UUID
	ExitCode int
}

func (e *WorkDoneError) Error() string {
	return fmt.Sprintf("heartbeat: work done in term %d by %s", e.Term, e.Holder)
}
