package cli

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
)

// runView is a run as programs read it. Instants are in UTC, and those that are not known
// are left out.
type runView struct {
	Run           string        `json:"run"` // JOB/RUN
	Job           string        `json:"job"`
	ID            string        `json:"id"`
	Status        store.State   `json:"status"`
	Trigger       store.Trigger `json:"trigger"`
	Slot          time.Time     `json:"slot,omitzero"`
	At            time.Time     `json:"at"`
	Due           time.Time     `json:"due,omitzero"`
	EndedAt       time.Time     `json:"endedAt,omitzero"`
	Priority      int           `json:"priority"`
	By            string        `json:"by,omitempty"`
	Parent        string        `json:"parent,omitempty"`
	Term          int64         `json:"term,omitempty"`
	Instance      uuid.UUID     `json:"instance,omitzero"`
	Attempt       int           `json:"attempt"`
	Attempts      []attemptView `json:"attempts"`
	Failures      int           `json:"failures"`
	Interruptions int           `json:"interruptions"`
	Progress      *progressView `json:"progress,omitempty"`
	Payload       *payloadView  `json:"payload,omitempty"`
	Result        *string       `json:"result,omitempty"`       // if it is text
	ResultBase64  string        `json:"resultBase64,omitempty"` // if it is not
	OutputBytes   int64         `json:"outputBytes"`
	Output        *outputView   `json:"output,omitempty"` // only with --output
	Remark        string        `json:"remark,omitempty"`
	Cancel        *requestView  `json:"cancel,omitempty"`
}

type attemptView struct {
	Number   int              `json:"number"`
	Instance uuid.UUID        `json:"instance"`
	Host     string           `json:"host"`
	Term     int64            `json:"term"`
	From     time.Time        `json:"from,omitzero"`
	To       time.Time        `json:"to,omitzero"`
	End      store.AttemptEnd `json:"end,omitempty"`
	ExitCode *int             `json:"exitCode,omitempty"` // nil if none is known
}

type progressView struct {
	Percent int       `json:"percent"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

type payloadView struct {
	SHA256 string `json:"sha256"`
	Bytes  *int   `json:"bytes,omitempty"` // only of one run
}

type outputView struct {
	Head    string `json:"head"`
	Omitted int64  `json:"omittedBytes"`
	Tail    string `json:"tail"`
}

type requestView struct {
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at,omitzero"`
}

func viewRequest(q *store.Request) *requestView {
	if q == nil {
		return nil
	}
	return &requestView{By: q.By, Why: q.Why, At: q.At}
}

func viewRun(r store.Run) runView {
	v := runView{
		Run: r.Key.String(), Job: r.Job, ID: r.Key.Run, Status: r.State, Trigger: r.Trigger, Slot: r.Slot, At: r.At, Due: r.Due, EndedAt: r.EndedAt,
		Priority: r.Priority, By: r.By, Parent: r.Parent, Term: r.Term, Instance: r.Instance, Attempt: r.Attempt, Attempts: []attemptView{},
		Failures: r.Failures, Interruptions: r.Interruptions, OutputBytes: r.Output.Bytes, Remark: r.Remark, Cancel: viewRequest(r.Cancel),
	}
	for _, a := range r.Attempts {
		view := attemptView{Number: a.Number, Instance: a.Instance, Host: a.Host, Term: a.Term, From: a.From, To: a.To, End: a.End}
		if hasExitCode(a) {
			view.ExitCode = new(a.ExitCode)
		}
		v.Attempts = append(v.Attempts, view)
	}
	if !r.Progress.At.IsZero() {
		v.Progress = &progressView{Percent: r.Progress.Percent, Text: r.Progress.Text, At: r.Progress.At}
	}
	if r.Payload != (store.Digest{}) {
		v.Payload = &payloadView{SHA256: hex.EncodeToString(r.Payload[:])}
	}
	switch {
	case r.Result == nil:
	case utf8.Valid(r.Result):
		v.Result = new(string(r.Result))
	default:
		v.ResultBase64 = base64.StdEncoding.EncodeToString(r.Result)
	}
	return v
}

func viewRuns(list []store.Run) []runView {
	views := make([]runView, 0, len(list))
	for _, r := range list {
		views = append(views, viewRun(r))
	}
	return views
}

// hasExitCode reports whether the exit code of an attempt is that of its command. Nobody
// knows one if its instance went away.
func hasExitCode(a store.Attempt) bool {
	return slices.Contains([]store.AttemptEnd{store.AttemptCompleted, store.AttemptFailed, store.AttemptTimedOut, store.AttemptCancelled}, a.End)
}

// lastAttempt returns the last attempt that a run remembers, or the zero one.
func lastAttempt(r store.Run) store.Attempt {
	if len(r.Attempts) == 0 {
		return store.Attempt{}
	}
	return r.Attempts[len(r.Attempts)-1]
}
