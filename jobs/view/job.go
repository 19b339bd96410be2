package view

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
)

// Jobs is the list of a group's jobs.
type Jobs struct {
	Group string `json:"group"`
	Jobs  []Job  `json:"jobs"` // in the order of their names
	// Unread says in a sentence that some records cannot be understood, and are missing.
	Unread string `json:"unread,omitempty"`
}

// Job is what a group remembers of a job, and what is known of its runs.
type Job struct {
	Name        string    `json:"job"`
	Description string    `json:"description,omitempty"`
	Schedule    string    `json:"schedule,omitempty"`
	Zone        string    `json:"timezone,omitempty"`
	Next        time.Time `json:"next,omitzero"`  // the next slot
	Mark        time.Time `json:"mark,omitzero"`  // the slot up to which everything has been decided
	Since       time.Time `json:"since,omitzero"` // when its definition came into force
	Term        int64     `json:"term"`           // in which the record was written last
	Gone        bool      `json:"gone,omitempty"` // the last active instance did not have it in its file
	Paused      *Request  `json:"paused,omitempty"`
	Resumed     time.Time `json:"resumed,omitzero"` // when somebody resumed it last

	// Waiting counts its runs that are due and wait, and Oldest is since when the first of
	// them has been due.
	Waiting int       `json:"waiting,omitempty"`
	Oldest  time.Time `json:"oldestDue,omitzero"`

	// Current is the run that is being processed, the latest one if there are several.
	Current *Run `json:"current,omitempty"`
	// Last is the latest run that has ended, without its result and the text of its output.
	Last *Run `json:"last,omitempty"`
	// Streak counts how many of the latest runs that have ended did so as the last one did.
	// It looks at RecentRuns runs at most.
	Streak int `json:"streak,omitempty"`
}

// Request is what somebody asked for.
type Request struct {
	By  string    `json:"by,omitempty"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at,omitzero"`
}

// OfJob returns the view of a job's record, without what is known of its runs.
func OfJob(j store.Job) Job {
	return Job{
		Name: j.Name, Description: j.Description, Schedule: j.Schedule, Zone: j.Zone, Next: store.Instant(j.Next), Mark: store.Instant(j.Mark), Since: store.Instant(j.Since),
		Term: j.Term, Gone: j.Gone, Paused: ofRequest(j.Paused), Resumed: store.Instant(j.Resumed),
	}
}

func ofRequest(q *store.Request) *Request {
	if q == nil {
		return nil
	}
	return &Request{By: q.By, Why: q.Why, At: store.Instant(q.At)}
}

// known returns nil for the UUID that stands for no instance.
func known(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
