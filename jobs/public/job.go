package public

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

// Jobs is one page of the list of a group's jobs.
type Jobs struct {
	Group    string    `json:"group"`
	At       time.Time `json:"at"`       // when it was read, by this machine's clock
	Total    int       `json:"total"`    // jobs of the group
	Matching int       `json:"matching"` // of them, those that the filter lets through
	Page     int       `json:"page"`     // the number of this page, from 0
	Pages    int       `json:"pages"`
	Jobs     []Job     `json:"jobs"` // in the order of their names
	// Unread reports whether some records cannot be understood, and are missing.
	Unread bool `json:"unread,omitempty"`
}

// Job is what everybody may see of a job. Its fields are named as those of [view.Job].
type Job struct {
	Name        string        `json:"job"`
	Description string        `json:"description,omitempty"`
	Schedule    string        `json:"schedule,omitempty"`
	Zone        string        `json:"timezone,omitempty"`
	Next        time.Time     `json:"next,omitzero"`
	Gone        bool          `json:"gone,omitempty"`
	Paused      *view.Request `json:"paused,omitempty"`
	Waiting     int           `json:"waiting,omitempty"`
	Oldest      time.Time     `json:"oldestDue,omitzero"`
	// Runs are the latest ones, the last made first, at most view.RecentRuns. Partial
	// reports that older ones have not been read yet.
	Runs    []Bar `json:"runs"`
	Partial bool  `json:"partial,omitempty"`
}

// Bar is a run in short.
type Bar struct {
	Run      string        `json:"run"`
	Status   store.State   `json:"status"`
	Trigger  store.Trigger `json:"trigger,omitempty"`
	At       time.Time     `json:"at,omitzero"`    // when it was recorded, if it has not begun
	Due      time.Time     `json:"due,omitzero"`   // of a run that waits
	From     time.Time     `json:"from,omitzero"`  // when its last attempt began
	Term     int64         `json:"term,omitempty"` // of its last attempt
	Attempt  int           `json:"attempt,omitempty"`
	Progress *int          `json:"percent,omitempty"` // of a run that is being processed
	// Length is how long the attempts that have ended took together.
	Length status.Seconds `json:"seconds,omitempty"`
}

func ofJob(j store.Job, queue store.Queue) Job {
	return Job{
		Name: j.Name, Description: status.Visible(j.Description), Schedule: status.Visible(j.Schedule), Zone: status.Visible(j.Zone),
		Next: store.Instant(j.Next), Gone: j.Gone, Paused: ofRequest(j.Paused), Waiting: queue.Waiting, Oldest: store.Instant(queue.Oldest), Runs: []Bar{},
	}
}

func ofRequest(q *store.Request) *view.Request {
	if q == nil {
		return nil
	}
	return &view.Request{By: status.Visible(q.By), Why: status.Visible(q.Why), At: store.Instant(q.At)}
}

func barOf(r store.Run) Bar {
	b := Bar{Run: r.Key.Run, Status: r.State, Trigger: store.Trigger(status.Visible(string(r.Trigger))), At: store.Instant(r.At), Term: r.Term, Attempt: r.Attempt}
	if r.State == store.Waiting {
		b.Due = store.Instant(r.Due)
	}
	if r.State == store.Processing && !r.Progress.At.IsZero() {
		b.Progress = new(min(max(r.Progress.Percent, 0), 100))
	}
	for _, a := range r.Attempts {
		b.From, b.Term = store.Instant(a.From), a.Term
		b.Length += lengthOf(a)
	}
	if !b.From.IsZero() {
		b.At = time.Time{} // there may be a thousand bars
	}
	return b
}

// lengthOf returns how long an attempt took, 0 while it has not ended. The clock of the
// registry may have been set back meanwhile.
func lengthOf(a store.Attempt) status.Seconds {
	from, to := store.Instant(a.From), store.Instant(a.To)
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return status.Seconds(max(to.Sub(from), 0))
}
