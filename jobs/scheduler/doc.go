// Package scheduler decides what becomes of jobs while an instance is the active one:
// which slots are claimed, which runs start, what follows their ends. It does so by the
// records of package store, and has attempts executed by whoever made it.
//
// # A machine without I/O
//
// As in package heartbeat, all judgement is in a state machine: events in (a beat was
// acknowledged, the store has answered, an attempt has ended, somebody changed something),
// actions out (ask the store, start an attempt, tell it to stop). It has no goroutine, no
// clock and no randomness of its own, so the simulation of the tests runs the very code
// that ships. There is one machine for each term. The runner around it does the I/O, in
// [Scheduler.Lead].
//
// # A term
//
//	sealing   the store gives the jobs and the waiting runs to this term: what an earlier
//	          holder still writes about them changes nothing
//	reading   open runs of earlier terms are interrupted; which jobs have unfinished runs
//	          is known afterwards
//	working   slots are claimed, runs that are due are taken, attempts start
//	draining  nothing new starts; runs have the drain of their job
//	stopping  everything was told to stop
//	over      nothing runs any more, and what can be recorded is
//
// # Slots and the mark
//
// The mark of a job is the slot up to which everything is decided. The slots between the
// mark and now are claimed in one call, each by the insert of its run's record, and only
// then the mark moves. A holder that stops in between leaves slots that its successor
// claims again: the key of the record refuses what is there. A definition with other slots
// sets the mark to now, and is stored before anything is claimed by it. Time is the
// registry's, as reckoned from the answers to beats, so another machine with another clock
// shifts nothing.
//
// # Runs
//
// An attempt starts only after the store has answered to its claim, and while enough is
// left of the lease. An uncertain answer is asked for again by the same call: the nonce of
// the claim tells whether the record is this holder's. The end of an attempt is recorded
// until there is an answer. A run whose end something follows stays open until that is
// done, so that a successor finds it and does it.
//
// A run of a slot that waited since before the present definition of its job starts only if
// it has waited no longer than that allows, and not at all if the job is disabled: otherwise
// it is settled without an attempt. So are runs that wait for a job that no active
// instance has had in its file for long, a day for slots and a week for others, a few in a
// step: otherwise they would count as waiting for ever.
//
// On Linux, the end of an attempt whose instance was killed is recorded by its last will,
// if it has one, as the instance itself would have done. What is not recorded then is
// interrupted.
//
// What waits is in the store and not in memory. The machine keeps the runs that it
// processes, and which jobs have runs that wait for a retry, since those count as
// unfinished for the overlap of the job. Of a job whose runs start one after another it
// keeps the next ones as well, as long as nothing can have come before them.
package scheduler
