package public

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

// ofRun returns what everybody may see of a run. It has neither what the run wrote nor
// what it was given: of its output only the size, of its progress only the number.
func ofRun(r store.Run) view.Run {
	v := view.OfRun(r)
	shown := view.Run{
		ID: v.ID, Job: v.Job, Run: v.Run, Status: v.Status, Open: v.Open, Trigger: store.Trigger(status.Visible(string(v.Trigger))),
		Slot: v.Slot, At: v.At, Due: v.Due, EndedAt: v.EndedAt, Priority: v.Priority, By: status.Visible(v.By), RetriedBy: status.Visible(v.RetriedBy), Parent: status.Visible(v.Parent),
		Term: v.Term, Instance: v.Instance, Attempt: v.Attempt, Attempts: v.Attempts, Failures: v.Failures, Interruptions: v.Interruptions,
		Cancel: ofRequest(r.Cancel), Remark: status.Visible(v.Remark), Output: view.Output{Bytes: v.Output.Bytes},
	}
	for i := range shown.Attempts {
		a := &shown.Attempts[i]
		a.Host, a.End = status.Visible(a.Host), store.AttemptEnd(status.Visible(string(a.End)))
	}
	if v.Progress != nil {
		shown.Progress = &view.Progress{Percent: min(max(v.Progress.Percent, 0), 100), At: v.Progress.At}
	}
	return shown
}

// Timeline has the attempts of the latest runs.
type Timeline struct {
	At time.Time `json:"at"`
	// Since is from when on it has all runs of the group: at most a day ago, and later in a
	// group that has more than store.MaxPage runs a day.
	Since time.Time `json:"since"`
	Spans []Span    `json:"spans"`
}

// Span is one attempt of a run.
type Span struct {
	Job    string      `json:"job"`
	Run    string      `json:"run"`
	Status store.State `json:"status"` // of the run
	Number int         `json:"attempt"`
	Last   bool        `json:"last,omitempty"` // the last attempt of the run
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to,omitzero"` // left out while it has not ended
	End    string      `json:"end,omitempty"`
	Term   int64       `json:"term"`
}

// spansOf returns the attempts of a run.
func spansOf(r store.Run) (list []Span) {
	for i, a := range r.Attempts {
		from := store.Instant(a.From)
		if from.IsZero() {
			continue
		}
		list = append(list, Span{
			Job: r.Job, Run: r.Key.Run, Status: r.State, Number: a.Number, Last: i == len(r.Attempts)-1,
			From: from, To: store.Instant(a.To), End: status.Visible(string(a.End)), Term: a.Term,
		})
	}
	return list
}
