package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// tenure is the term that this instance holds, and the work in it. Instants are local.
//
// The machine writes it when a view shows the term, when the term is to end, and when
// the work starts, fails or is gone.
type tenure struct {
	work     work
	held     heldTerm
	handover handoverRequest
	target   uuid.UUID // to whom the held term is handed over; uuid.Nil: to nobody in particular

	resigned   int64 // the latest term that this instance stepped down from
	resignedAt time.Duration
	holdOff    holdOff
}

// work is the work of the term that a view has shown to be this instance's.
type work struct {
	term     registry.Term // Number 0: this instance is passive
	waiting  bool          // it starts once the passive side has returned
	running  bool          // it was started, and is not gone yet
	since    time.Duration // when it was started last
	failing  bool          // it failed, and a peer is being looked for
	stopping bool          // it was told to stop
	killAt   time.Duration // when it is killed for not stopping
}

// heldTerm is a term that this registration may hold and has to end. It is set from the
// instant at which the term is asked for, since the answer may be lost.
type heldTerm struct {
	number int64         // 0: none
	after  uuid.UUID     // the holder of the term before; uuid.Nil: none is known
	due    bool          // nothing works in it any more: end it now
	since  time.Duration // since when it is due
	end    registry.End  // why and how it ends; without a reason it does not yet

	previous registry.Reason // why the term before it ended; empty: there was none

	// The open term before it, whose holder was deposed, and what was observed of that
	// holder. This instance records the end of that term when it holds its own.
	orphaned *registry.Term
	silent   observation
}

// active reports whether this instance holds a term that a view has shown to be its
// own.
func (t *tenure) active() bool { return t.work.term.Number > 0 }

// ask takes note that a term is asked for, after one of a holder: from now on it may be held.
func (t *tenure) ask(number int64, holder uuid.UUID) { t.held.number, t.held.after = number, holder }

// lost takes note that the term which was asked for is a peer's.
func (t *tenure) lost(number int64) {
	if number >= t.held.number && !t.held.due && !t.active() {
		t.held.number = 0
	}
}

// orphaned remembers the open term whose holder is being deposed; nil: none.
func (t *tenure) orphaned(term *registry.Term) { t.held.orphaned = term }

// follow remembers why the term ended after which the next one is to be asked for; nil: there
// is none. If it is open, its holder was deposed.
func (t *tenure) follow(latest *registry.Term) {
	switch {
	case latest == nil:
		t.held.previous = ""
	case latest.Open():
		t.held.previous = registry.Orphaned
	default:
		t.held.previous = latest.End.Reason
	}
}

// succeed remembers the open term of the holder that was deposed, and what was
// observed of that holder.
func (t *tenure) succeed(orphaned *registry.Term, holder observation) {
	t.held.orphaned, t.held.silent = orphaned, holder
}

// begin takes a term that a view has shown to be this instance's. Its work waits until
// the passive side has returned, if there is one. It returns the end of the term
// before, if this instance has to record that; otherwise nil.
func (t *tenure) begin(term registry.Term, wait bool, now time.Duration, clock time.Time) (ended *request) {
	t.work = work{term: term, waiting: wait}
	t.held.number, t.held.due, t.held.end = term.Number, false, registry.End{}
	t.target = uuid.Nil
	if o := t.held.orphaned; o != nil {
		end := registry.End{Reason: registry.Orphaned, Silence: t.held.silent.silentFor(now, clock)}
		ended = endOf(o.Number, o.Holder, end).inPast()
		t.held.orphaned = nil
	}
	return ended
}

// start takes note that the work starts, or starts again.
func (t *tenure) start(now time.Duration) {
	t.work.waiting, t.work.failing, t.work.running, t.work.since = false, false, true, now
}

// gone takes note that nothing is left of the work.
func (t *tenure) gone() { t.work.running = false }

// fail takes note that the work failed, and that a peer is being looked for.
func (t *tenure) fail() { t.work.failing = true }

// peerFound takes note that the search for a peer was answered.
func (t *tenure) peerFound() { t.work.failing = false }

// because notes why the term ends. The first reason counts.
func (t *tenure) because(reason registry.Reason) {
	if t.held.end.Reason == "" {
		t.held.end.Reason = reason
	}
}

// done notes that the work has come to its final end, whatever else was to end it.
func (t *tenure) done(code int) {
	t.held.end = registry.End{Reason: registry.WorkDone, ExitCode: code}
}

// resign notes that this instance steps down and leaves the next terms to peers.
func (t *tenure) resign(reason registry.Reason, now, orphanAfter time.Duration) {
	t.because(reason)
	t.holdOff = t.holdOff.begin(now, orphanAfter, reason == registry.WorkFailed, now-t.work.since)
}

// stop notes that the work is to stop, and when it is killed if it does not. It reports
// whether the runner has to stop it now: the work runs, and it was not told to stop
// before, or it was given more time then. So work is told to stop twice at most: in
// order, and later at once.
func (t *tenure) stop(immediate bool, now, notice time.Duration) bool {
	w := &t.work
	if !w.running || w.stopping && (!immediate || w.killAt <= now+notice) {
		return false
	}
	w.stopping, w.killAt = true, now+notice
	return true
}

// killed is the instant by which the work must be gone. Work of this process ends just
// before the end of the lease at the latest. What the guard kills gets another grace
// after its SIGKILL.
func (t *tenure) killed(guarded bool, lease time.Duration, timing registry.Timing) time.Duration {
	if guarded {
		return t.work.killAt + timing.StopGrace
	}
	return min(t.work.killAt, lease-timing.KillMargin())
}

// close gives up the work's term, which nothing works in any more. It reports whether
// a term has become due for its end. A term later than highest, the latest that was
// seen, was lost by the registry.
func (t *tenure) close(highest int64, now time.Duration) (due bool) {
	if n := t.work.term.Number; n > t.resigned && n <= highest {
		t.resigned, t.resignedAt = n, now
	}
	t.work = work{}
	if t.held.number == 0 || t.held.due {
		return false
	}
	t.held.due, t.held.since = true, now
	return true
}

// endAgain makes the end of a term due that was given up before, and shows as open.
func (t *tenure) endAgain(number int64) {
	t.held = heldTerm{number: number, due: true, since: t.resignedAt, end: registry.End{Reason: registry.Stopped}}
}

// ended takes note that the held term is ended, or not this registration's to end any
// more.
func (t *tenure) ended() { t.held = heldTerm{} }

// overdue reports whether the end of the term was tried for so long that peers need
// not wait for it any more.
func (t *tenure) overdue(now, orphanAfter time.Duration) bool {
	return now >= t.held.since+orphanAfter
}

// end returns the request that ends the held term.
func (t *tenure) end(id uuid.UUID) request { return endOf(t.held.number, id, t.held.end) }

// unregistered forgets the work and the held term with the registration that held it.
// The hold-off and what was resigned go on.
func (t *tenure) unregistered() { t.held, t.work = heldTerm{}, work{} }

// forgetTerms takes note that the registry has gone back in time.
func (t *tenure) forgetTerms() { t.resigned = 0 }

// consider takes note that a request to hand over was considered.
func (t *tenure) consider(at time.Time, now, beat time.Duration) {
	t.handover = t.handover.consider(at, now, beat)
}

// noticed takes note of a request to hand over that its target has to notice first, and
// reports whether it is a new one.
func (t *tenure) noticed(h registry.Handover, now time.Duration) (fresh bool) {
	fresh = !t.handover.at.Equal(h.At)
	t.handover = t.handover.noticed(h.At, now)
	return fresh
}

// handTo notes to whom the held term is to go.
func (t *tenure) handTo(to uuid.UUID) { t.target = to }

// peerTookOver takes note of a later term of a peer than this instance has resigned.
func (t *tenure) peerTookOver(number int64) {
	if number > t.resigned {
		t.holdOff = t.holdOff.newerTerm()
	}
}
