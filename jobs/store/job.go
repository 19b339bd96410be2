package store

import (
	"time"
)

// Job is what a group remembers of a job.
type Job struct {
	Group string
	Name  string

	// Mark is the slot up to which everything has been decided: each slot until then has
	// a run, is part of a summary, or was before the job's time.
	Mark time.Time
	// Hash is that of the job's definition, and Since is when it came into force. A
	// definition that is new sets the mark to that instant, so that nothing of the past
	// is run. Of a job that is Gone, Since is when it was first missing in the file.
	Hash  string
	Since time.Time
	// Digest is that of all that the last file says about the job, but for the values of
	// its environment. By it an instance sees that its own file is another one.
	Digest string

	// Term and Revision order the writes of the holders. A holder counts the revision up
	// with each write, so that its own late write changes nothing either.
	Term     int64
	Revision int64

	// Schedule, Zone and Description are what the last file says, for people. No job is
	// run by them.
	Schedule    string
	Zone        string
	Description string
	// Next is the next slot, for people; zero if none is known.
	Next time.Time
	// Gone reports whether the job was not in the file of the last holder.
	Gone bool

	// Paused and Resumed are what people ask for; no holder writes them. Resumed is when
	// somebody resumed the job last, by the registry's clock; zero if nobody did.
	Paused  *Request // nil if it is not paused
	Resumed time.Time
	Schema  int
}

// Request is what somebody asked for.
type Request struct {
	By  string // who, as far as is known; see MaxRemark
	Why string
	At  time.Time // by the registry's clock
}
