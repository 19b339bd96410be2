package view

import (
	"encoding/hex"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
)

// Runs is a page of runs.
type Runs struct {
	Group string `json:"group"`
	Runs  []Run  `json:"runs"` // the last made first, without results and the text of outputs
	// Before is where the next page begins, see [Cursor]. It is empty on the last page.
	Before string `json:"before,omitempty"`
	// Unread says in a sentence that some records cannot be understood, and are missing.
	Unread string `json:"unread,omitempty"`
}

// Run is one execution of a job that was asked for.
type Run struct {
	ID  string `json:"id"` // JOB/RUN, as people write it
	Job string `json:"job"`
	Run string `json:"run"`

	Status  store.State   `json:"status"`
	Open    bool          `json:"open"` // something is left to be done by the active instance
	Trigger store.Trigger `json:"trigger,omitempty"`

	Slot     time.Time `json:"slot,omitzero"` // of the schedule
	At       time.Time `json:"at"`            // when the record was made
	Due      time.Time `json:"due,omitzero"`  // it does not start before
	EndedAt  time.Time `json:"endedAt,omitzero"`
	Priority int       `json:"priority,omitempty"`
	By       string    `json:"by,omitempty"`
	// RetriedBy is who had it started again last after it had ended.
	RetriedBy string `json:"retriedBy,omitempty"`
	Parent    string `json:"parent,omitempty"`        // JOB/RUN of the run whose end asked for it
	Payload   string `json:"payloadSha256,omitempty"` // in hexadecimal digits

	Term          int64      `json:"term,omitempty"`     // of the last holder that wrote the record
	Instance      *uuid.UUID `json:"instance,omitempty"` // that holder
	Attempt       int        `json:"attempt"`            // the number of the last attempt, 0 before the first
	Attempts      []Attempt  `json:"attempts"`           // the last ones, in their order
	Failures      int        `json:"failures,omitempty"`
	Interruptions int        `json:"interruptions,omitempty"`

	Progress *Progress `json:"progress,omitempty"`
	Cancel   *Request  `json:"cancel,omitempty"` // a person's request to cancel it
	Remark   string    `json:"remark,omitempty"`
	// Note says why nobody would start the run at present. Only the answer of the HTTP API to
	// a trigger has it, and only if nobody would, as far as that is known.
	Note string `json:"note,omitempty"`

	// Result is what the run left as its result. What is not UTF-8 is in ResultBase64
	// instead.
	Result       string `json:"result,omitempty"`
	ResultBase64 []byte `json:"resultBase64,omitempty"`
	Output       Output `json:"output"`
}

// Attempt is one start of a run's command.
type Attempt struct {
	Number   int              `json:"attempt"`
	Instance *uuid.UUID       `json:"instance,omitempty"`
	Host     string           `json:"host,omitempty"`
	Term     int64            `json:"term"`
	From     time.Time        `json:"from,omitzero"`
	To       time.Time        `json:"to,omitzero"`             // left out while it has not ended
	Length   *float64         `json:"lengthSeconds,omitempty"` // likewise
	End      store.AttemptEnd `json:"end,omitempty"`           // likewise
	ExitCode *int             `json:"exitCode,omitempty"`      // of an attempt that completed or failed
}

// Progress is what a run said last of how far it is.
type Progress struct {
	Percent int       `json:"percent"`
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"`
}

// Output is what the last attempt that ended wrote. Bytes that are not UTF-8 are replaced.
type Output struct {
	Bytes int64  `json:"bytes"`          // how many it wrote in all
	Head  string `json:"head,omitempty"` // the beginning
	Tail  string `json:"tail,omitempty"` // the end of what is not in Head
}

// OfRun returns the view of a run's record.
func OfRun(r store.Run) Run {
	v := Run{
		ID: r.Key.String(), Job: r.Job, Run: r.Key.Run, Status: r.State, Open: r.Open, Trigger: r.Trigger,
		Slot: store.Instant(r.Slot), At: store.Instant(r.At), Due: store.Instant(r.Due), EndedAt: store.Instant(r.EndedAt), Priority: r.Priority, By: r.By, RetriedBy: r.RetriedBy, Parent: r.Parent,
		Term: r.Term, Instance: known(r.Instance), Attempt: r.Attempt, Attempts: make([]Attempt, 0, len(r.Attempts)),
		Failures: r.Failures, Interruptions: r.Interruptions, Cancel: ofRequest(r.Cancel), Remark: r.Remark,
		Output: Output{Bytes: r.Output.Bytes, Head: text(r.Output.Head), Tail: text(r.Output.Tail)},
	}
	if r.Payload != (store.Digest{}) {
		v.Payload = hex.EncodeToString(r.Payload[:])
	}
	for _, a := range r.Attempts {
		v.Attempts = append(v.Attempts, ofAttempt(a))
	}
	if p := r.Progress; !p.At.IsZero() {
		v.Progress = &Progress{Percent: p.Percent, Text: p.Text, At: store.Instant(p.At)}
	}
	if utf8.Valid(r.Result) {
		v.Result = string(r.Result)
	} else {
		v.ResultBase64 = r.Result
	}
	return v
}

func ofAttempt(a store.Attempt) Attempt {
	from, to := store.Instant(a.From), store.Instant(a.To)
	v := Attempt{Number: a.Number, Instance: known(a.Instance), Host: a.Host, Term: a.Term, From: from, To: to, End: a.End}
	if !to.IsZero() && !from.IsZero() {
		v.Length = new(seconds(to.Sub(from)))
	}
	if a.End == store.AttemptCompleted || a.End == store.AttemptFailed {
		v.ExitCode = &a.ExitCode
	}
	return v
}

// seconds is precise to the millisecond, as instants are. The clock of the registry may have
// been set back meanwhile.
func seconds(d time.Duration) float64 { return math.Round(max(d, 0).Seconds()*1000) / 1000 }

func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
