// Package heartbeat keeps one of N identical processes active: the membership
// of one process in a group, the lease it works under, and the protocol by
// which another takes over when it goes.
//
// # Who is in charge
//
// The latest term of a group is the truth. It names its holder, and is open
// until somebody ends it. To become active is to insert the next term: numbers
// are unique, so of any number of instances that try, one succeeds. Nothing
// else decides, neither the role that a record shows nor any update.
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
// # One tick
//
// Every instance does the same each interval I:
//
//   - Beat: count the beat of its own record up. The registry stamps it with its
//     own clock and returns that time. No record means that somebody deleted it:
//     the work is killed, and the process registers anew under a new UUID.
//   - View: read the latest term, then its holder's record.
//   - Decide, by a pure function of what it is, what it saw, and its own clock.
//
// The beat waits for nothing. The calls that the election needs are made one at a
// time, and hints and what is history already on a lane of their own, so that one
// of those that hangs delays no view and no release.
//
// A group is vacant when its latest term does not exist, has ended, or is held
// by an instance that this observer has just deleted as an orphan. Vacancy is
// stable, so "see it, then insert N+1" needs no transaction. The senior
// candidate (highest priority, then oldest) acts at once, be it to insert or to
// delete the orphan first; everyone else waits for one to two intervals, views
// again, and then acts too.
//
// Before it inserts, an instance asks whether a record claims a later term than the
// latest: then the registry has gone back in time, and the instance of that record
// may work. Its views show that, and it stops after 3·B; until then, or until its
// beat has stood still for T, nobody begins a term.
//
// The holder's work starts only after a view, read after the insert, shows the
// term to be its own and open. That one rule covers an insert whose answer was
// lost: an ambiguous answer is never acted upon. A term that names an instance
// which did not ask for it is never started.
//
// # The trust window
//
// With the interval I, the silence T that makes an orphan, the stop grace G,
// B = max(I, T/20) and M = B + max(T/10, 100 ms):
//
//	holder    beat sent s ······ told to stop ····· dead ·······
//	                             D−G              D = s+T−M
//	observer     beat seen r ································ orphan
//	             since ≥ r−B                                  since+T
//
// The rules are:
//
//   - An acknowledged beat is good until D = s + T − M, counted from the instant
//     at which it was sent. An answer that comes after D revives nothing.
//   - Work is told to stop at D − G and is dead by D; a kernel timer sees to it
//     where the process itself is frozen.
//   - An observer notes when it first saw the present beat, back-dated by the
//     record's age but by no more than B, and calls it an orphan after T. I and B
//     are those that the record promises. T is the longest of the record's, the
//     term's and the observer's own: a record may be damaged.
//
// So D lies before any observer's verdict by at least M − B = T/10, which is what
// two clocks may drift apart over T. Only durations are compared, never clocks,
// so that no step of any clock, the database's included, matters. Local instants
// come from a clock that goes on while the machine is suspended.
//
// # Failures
//
//	what happens                   this instance                        peers
//	told to stop                   work stops, term ended, unregisters  next one within milliseconds
//	registry unreachable           works until D−G, stops, and ends     cannot either
//	                               its term once it can, however late
//	its record is deleted          kills the work, registers anew       wait T, or have promoted
//	crash, power, partition        –                                    depose the orphan after T
//	frozen for longer than D       the kernel or the guard ends the     as for a crash
//	                               work in time
//	answer to an insert lost       reads again                          –
//	registration timed out         tries again under a new UUID         sweep the stray record
//	its record makes no sense      works on while its beats count       depose it once its beat stood
//	                               up; else as an unreachable registry  still for the longer T
//	gone between deleting an       –                                    wait T once more: who deleted it
//	orphan and taking its place                                         they cannot know
//	answer to that deletion lost   waits T once more, as its peers do   –
//	nothing answers for T          registers anew                       sweep the record of before
//	terms lost or restored         stops after 3·B, registers anew      wait until it has
//	a request to hand over and     the next one finds the request,      –
//	one hung call                  which lives a call longer
//	the work fails everywhere      holds off, for longer each time      try in turn
//	work done, registry away       tries for T to say so                as for a crash after that
//	work will not stop             exit code 70, the term stays open    as for a crash
//
// # What is guaranteed
//
// At most one instance believes at any instant that it holds a lease. Terms
// strictly increase. A group with a live, connected instance gets an active one.
//
// What is not: that work already handed to the outside world stops at the
// instant a machine freezes. A packet may still be under way, and a hypervisor
// that pauses a machine stops its clocks too. For that the work passes its term
// on, as a fencing token, and the resource refuses a lower one than it has seen.
// Two clocks that are slewed apart at full rate (more than T/10 within T) are
// beyond both. A registry that is dropped, or restored from a backup, voids the
// fencing tokens, and where the holder's record is lost or set back with its terms,
// two may work until the holder's next beat, for an interval and a call.
//
// # The code
//
// The protocol is a machine without I/O: events in, actions out. Its shell, in
// [Member.Run], owns the goroutines, the timers, and the calls to the registry.
package heartbeat
