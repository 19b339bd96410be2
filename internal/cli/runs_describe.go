package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

// describeRun returns all about a run for people.
func describeRun(r view.Run, payload int, at time.Time) []terminal.Line {
	var rows [][]terminal.Span
	add := func(name string, value terminal.Span) {
		rows = append(rows, []terminal.Span{terminal.Muted.Of(name), value})
	}
	text := func(name, value string) { add(name, terminal.Text(value)) }
	add("run", terminal.Bold.Of(status.Escape(r.ID)))
	add("status", styleOf(r.Status).Of(statusOf(r)))
	trigger := status.Visible(string(r.Trigger))
	if r.By != "" {
		trigger += " by " + status.Visible(r.By)
	}
	if r.Parent != "" {
		trigger += ", the end of " + status.Escape(r.Parent)
	}
	text("trigger", trigger)
	if r.RetriedBy != "" {
		text("retried by", status.Visible(r.RetriedBy))
	}
	if !r.Slot.IsZero() {
		text("slot", instantAndAge(r.Slot, at))
	}
	text("made", instantAndAge(r.At, at))
	if r.Due.After(r.At) || r.Status == store.Waiting {
		text("due", instantAndAge(r.Due, at))
	}
	if r.Status.Ended() {
		text("ended", instantAndAge(r.EndedAt, at))
	}
	if r.Priority != 0 {
		text("priority", strconv.Itoa(r.Priority))
	}
	if r.Failures > 0 {
		text("failures", strconv.Itoa(r.Failures))
	}
	if r.Interruptions > 0 {
		text("interruptions", strconv.Itoa(r.Interruptions))
	}
	switch {
	case payload > 0:
		text("payload", fmt.Sprintf("%d bytes", payload))
	case payload < 0:
		add("payload", terminal.Bad.Of("it cannot be read"))
	}
	if p := progressOf(r.Progress); p != "" {
		text("progress", p+", at "+instantAndAge(r.Progress.At, at))
	}
	if r.Cancel != nil {
		request := fmt.Sprintf("by %s at %s", personOf(r.Cancel.By), instantAndAge(r.Cancel.At, at))
		if r.Cancel.Why != "" {
			request += ": " + status.Visible(r.Cancel.Why)
		}
		text("cancel", request)
	}
	if r.Remark != "" {
		text("remark", status.Visible(r.Remark))
	}
	if result := resultOf(r); result != "" {
		text("result", result)
	}
	if r.Output.Bytes > 0 {
		text("output", fmt.Sprintf("%d bytes (--output prints it)", r.Output.Bytes))
	}
	lines := terminal.Table(rows)
	if len(r.Attempts) == 0 {
		return lines
	}
	rows = [][]terminal.Span{heading("ATTEMPT", "HOST", "TERM", "FROM (UTC)", "TO (UTC)", "TOOK", "END", "CODE")}
	for _, a := range r.Attempts {
		rows = append(rows, describeAttempt(a, at))
	}
	return append(append(lines, nil), terminal.Table(rows, 0, 2, 7)...)
}

func describeAttempt(a view.Attempt, at time.Time) []terminal.Span {
	to, end, code, until := status.Instant(a.To, at), status.Visible(string(a.End)), "–", a.To
	style := terminal.Normal
	switch {
	case a.To.IsZero():
		to, end, until = "now", "–", at
	case a.End == store.AttemptCompleted:
		style = terminal.Good
	case a.End != store.AttemptCancelled:
		style = terminal.Bad
	}
	if a.ExitCode != nil {
		code = strconv.Itoa(*a.ExitCode)
	}
	return []terminal.Span{
		terminal.Text(strconv.Itoa(a.Number)), terminal.Text(holderOf(a)), terminal.Text(showNumber(a.Term)),
		terminal.Text(status.Instant(a.From, at)), terminal.Text(to), terminal.Text(showSpan(a.From, until)), style.Of(end), terminal.Text(code),
	}
}

// statusOf returns the status of a run, and what it waits for.
func statusOf(r view.Run) string {
	switch {
	case r.Status == store.Waiting && r.Attempt > 0:
		return fmt.Sprintf("waiting for attempt %d", r.Attempt+1)
	case r.Status == store.Processing && r.Cancel != nil:
		return "processing, and is to be cancelled"
	}
	return string(r.Status)
}

// resultOf returns the result of a run, on one line; "" if it has none.
func resultOf(r view.Run) string {
	if len(r.ResultBase64) > 0 {
		return fmt.Sprintf("%d bytes that are no text (--json has them)", len(r.ResultBase64))
	}
	result := strings.TrimSuffix(r.Result, "\n")
	text := status.Visible(result)
	if status.Escape(result) != text {
		return fmt.Sprintf("%d bytes (--json has them): %s", len(r.Result), text)
	}
	return text
}
