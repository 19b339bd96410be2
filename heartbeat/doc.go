// Package heartbeat keeps exactly one of N identical processes active. It holds the
// membership of one process in a group, the lease that the process works under, and the
// protocol by which a peer takes over when the process goes.
//
// # Who is active
//
// The latest term of a group decides. It names its holder, and it is open until somebody
// ends it. To become active is to insert the next term: term numbers are unique, so of
// any number of instances that try, one succeeds. Nothing else decides, neither the role
// that a record shows nor any update.
//
//	             register                    insert term N+1, see it
//	(joining) ─────────────▶ passive ─────────────────────────────▶ active
//	    ▲                      ▲  ▲                                  │ │ │
//	    │                      │  └── work gone, term ended ─────────┘ │ │
//	    │                      │      (handed over, work failed)       │ │
//	    └── work gone, term ended, unregistered ◀── (retiring) ◀───────┘ │
//	        a new UUID each time      lease lost, record deleted,        │
//	                                  newer term, terms lost             │
//	(gone) ◀── unregistered ◀── term ended ◀── work gone ◀── told to stop┘
//
// # One interval
//
// Each instance does the same in each interval I:
//
//   - Beat: it increments the beat of its own record. The registry stamps the record with
//     the registry's clock and returns that time. If there is no record, somebody has
//     deleted it: the instance kills its work and registers again under a new UUID.
//   - View: it reads the latest term, and then the record of that term's holder, unless it is
//     the holder itself. While all is well it does so less often, see "The bell".
//   - Decide: a pure function says what to do, from what the instance knows, what it saw,
//     and its own clock.
//
// The beat waits for nothing. The requests that the election needs go one at a time. Hints
// and clean-up go in the background, also one at a time, so that one of them which hangs
// delays neither a view nor the end of a term.
//
// A group is vacant when its latest term does not exist, when that term has ended, or when
// this observer has just deleted the term's holder as an orphan. A vacancy stays until
// somebody inserts a term, so "see it, then insert N+1" needs no transaction. The senior
// candidate, which is the one with the highest priority and then the oldest, acts at once:
// it inserts the term, or deletes the orphan first. All others wait for one to two
// intervals, view the group again, and then act too.
//
// Before an instance inserts a term, it asks whether any record claims a later term than
// the latest one. If so, the registry has gone back in time, and the instance of that
// record may be working. That instance stops once its views have shown the loss for 3·B.
// Nobody begins a term until then, or until its beat has stood still for T.
//
// If the process was away for more than two intervals, or a view shows fewer terms than one
// before, then a takeover is off. It begins again with a view that is sent after that.
//
// The holder's work starts only after a view, read after the insert, shows that the term is
// open and its own. This rule covers an insert whose answer was lost: nobody acts on an
// ambiguous answer. An instance never starts a term that names it although it did not ask
// for that term.
//
// # The bell
//
// Whoever has changed a term rings: the registry gives those that listen a notice. A notice
// is a hint. It may be lost, late, doubled or false, so nobody acts because of one alone: it
// makes an instance view the group, and polling would be enough. It costs, so few listen,
// and one change does not make all read.
//
//   - Only the active instance and its successor listen: the candidate that comes next. The
//     active one searches for it, leaving itself out, and marks its record with the number of
//     the own term. The answer to each beat shows the mark, so a new successor listens after
//     an interval. A mark is a hint too, and counts until a later term. Where a watch costs
//     next to nothing, as that of a file, the registry answers that everybody should listen.
//   - The active one searches after each notice, a few times a second at most, since the
//     registration of a marked instance rings when it ends. Besides it searches once per B,
//     or once per max(B, T/10) while it hears the bell and has a successor.
//   - An instance whose record begins to show that it is a candidate, by its registration or
//     because it does not hold off any more, searches for the successor by itself, once, if
//     a peer holds the term. If it is that, it listens at once, and goes on if it is marked
//     within max(B, T/10) and two intervals. Nobody else has to do anything for that, so a
//     thousand that start together cost a search each.
//   - Whoever does not listen views the group once per B. Whoever listens and hears the
//     registry's bell does so too, or else in each interval. A vacancy is viewed when its time
//     has come. An instance that does not listen reads that a holder is an orphan half an interval
//     to a whole one later than the successor, so that not all of a large group act at once.
//   - When its work is told to stop, the active instance searches for its successor once more.
//     The end of the term names that one, if the answer has come by then, and whoever has just
//     become the successor is marked, and listens from its next beat on. Nothing waits for the
//     search but the end of the process, and that for no longer than half a second. The one
//     that is named takes over without a search of its own, if its view shows the vacancy. All
//     others leave the vacancy to it for as long as to the senior.
//   - A notice names the same instance. Whoever else hears it views after a part of an interval
//     that depends on its UUID. What the others wait counts from their own views, so after the
//     end of a term they act one to three intervals after the notice.
//   - Views that notices cause have a limit of rate, so that whoever rings without end costs
//     a group little.
//   - A handover to the successor is followed at once. Any other target is marked first, and
//     the active instance works on for one interval and a quarter, until the target listens.
//
// A registry that cannot give notices is polled. In a mixed group, an instance of an earlier
// version does not ring, and what it changes is noticed by a view.
//
// # The lease
//
// Let I be the interval, T the silence that makes an orphan, G the stop grace,
// B = max(I, T/20) and M = B + max(T/10, 100 ms):
//
//	holder    beat sent s ······ told to stop ····· dead ·······
//	                             D−G              D = s+T−M
//	observer     beat seen r ································ orphan
//	             since ≥ r−B                                  since+T
//
// The rules are:
//
//   - An acknowledged beat is good until D = s + T − M, counted from the instant s at which
//     it was sent. An answer that arrives after D does not bring the lease back.
//   - The work is told to stop at D − G and is dead by D. If the process itself is frozen, a
//     timer of the kernel or the guard ends the work.
//   - An observer notes when it first saw the present beat, back-dated by the age of the
//     record but by no more than B. It calls the record an orphan after T. It uses the I and
//     B that the record promises, and the longest of three values of T, since a record may
//     be damaged: the record's, the term's and its own.
//
// So D is earlier than the verdict of any observer by at least M − B = T/10. Two clocks may
// drift apart by that much over T. Only durations are compared, never clocks, so no step of
// a clock matters, not even of the registry's. Local instants come from a clock that goes on
// while the machine is suspended.
//
// # Failures
//
//	what happens                   this instance                        peers
//	told to stop                   work stops, term ended, unregisters  next one within milliseconds
//	the same, or a handover, and   works and beats until Drain          –
//	its work is to drain           returns; then as without a Drain
//	its lease or its term ends     ends the drain and the work; then    as without a drain
//	while the work drains          leaves if it was told to stop
//	the handover's target goes     hands over: its work may have        the senior takes over
//	while the work drains          ceased to start anything
//	registry unreachable           works until D−G, stops, and ends     cannot either
//	                               its term once it can, however late
//	its record is deleted          kills the work, registers again      wait T, or have promoted
//	crash, and a guard outlives it the guard ends its term and its      as after a stop
//	(worker.LastWill)              registration once the work is gone
//	crash, power, partition        –                                    depose the orphan after T
//	frozen for longer than D       the kernel or the guard ends the     as for a crash
//	                               work in time
//	answer to an insert lost       reads again                          –
//	registration timed out         tries again under a new UUID         sweep the stray record
//	its record makes no sense      works on while its beats count;      depose it once its beat has
//	                               then as for an unreachable registry  stood still for the longer T
//	dies between deleting an       –                                    wait T once more: they cannot
//	orphan and taking its place                                         know who deleted it
//	answer to that deletion lost   waits T once more, as its peers do   –
//	no answer for T                registers again                      sweep its former record
//	terms lost or restored         stops after 3·B, registers again     wait until it has
//	a view hangs after a           the next view finds the request,     –
//	handover request               which outlives one timeout
//	a notice is lost, late or      views the group in time anyway       the same
//	false
//	the work fails everywhere      holds off, for longer each time      try in turn
//	work done, registry away       tries for T to say so                as for a crash after that
//	work does not stop             exit code 70, the term stays open    as for a crash
//
// # What is guaranteed
//
// At most one instance believes at any instant that it holds a lease. Terms strictly
// increase. A group with a live, connected instance gets an active one.
//
// It is not guaranteed that work which was already handed to the outside world stops at the
// instant at which a machine freezes. A packet may still be under way, and a hypervisor that
// pauses a machine stops the machine's clocks too. For that the work passes its term on as a
// fencing token, and the resource refuses a term lower than the highest one it has seen.
// Two clocks that are slewed apart at full rate, by more than T/10 within T, are beyond the
// protocol as well. After a registry was dropped or restored from a backup, fencing tokens
// no longer protect anything. If the holder's record is lost or set back together with its
// terms, two instances may work for an interval and a request, until the holder's next beat.
//
// # The code
//
// The protocol is a machine without I/O: events go in, actions come out (event.go,
// action.go). A runner does the I/O around it, in [Member.Run]: it owns the goroutines, the
// timers and the requests to the registry.
//
// What the machine knows is in its parts. Each has a file and tests of its own, and only its
// own methods write it:
//
//	registration   the UUID, the lease, the beats, the registry's clock
//	schedule       which request may go next, and when
//	backlog        what is left to clean up in the registry
//	observations   what was seen of the peers and their terms
//	vacancy        a group without an active instance, while it stays so
//	successor      which candidate comes next after the term of this instance
//	place          whether this instance comes next after the term of a peer
//	bell           whether this instance listens
//	tenure         the term that is held, and the work in it
//	drain          the time for the work to finish before an orderly end
//	departure      the shutdown
//	outage         requests that fail
//	announced      what was logged already
//
// The machine's methods are in files named by what happens: dispatch.go sends the requests
// that are due and hands out the answers, listen.go takes the notices, beat.go takes the answers to beats and extends the
// lease, view.go takes a view and does what decide.go says, promote.go takes over, work.go
// starts and stops the work, order.go takes the orders to leave and to hand over, leave.go ends terms and registrations, and sweep.go deletes
// orphans.
//
// A simulation (sim_*_test.go) runs this machine for thousands of hours of chaos and checks
// the guarantees from outside. Mutants, which break one rule each, show that it would notice.
package heartbeat
