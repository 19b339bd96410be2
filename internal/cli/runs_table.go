package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

// runLayout is how much a table of runs shows.
type runLayout struct {
	run, host, note int // the most columns of each; 0: none
	trigger, brief  bool
}

// runLayouts are for narrower and narrower terminals. All but the last show the whole name
// of each run, for the other commands want it.
var runLayouts = []runLayout{
	{run: 700, host: 40, note: 100, trigger: true},
	{run: 700, host: 20, note: 40, trigger: true},
	{run: 700, host: 16, note: 30},
	{run: 700, note: 24, brief: true},
	{run: 700, brief: true},
	{run: 32, brief: true},
}

// showRuns returns a table of runs, with what there is room for. Without runs there is
// none.
func showRuns(list []view.Run, at time.Time, columns int) []terminal.Line {
	if len(list) == 0 {
		return nil
	}
	return widest(runLayouts, columns, func(l runLayout) []terminal.Line { return l.table(list, at) })
}

func (l runLayout) table(list []view.Run, at time.Time) []terminal.Line {
	head := []string{"RUN", "STATUS"}
	if l.trigger {
		head = append(head, "TRIGGER")
	}
	started := "STARTED (UTC)"
	if l.brief {
		started = "STARTED"
	}
	head = append(head, started, "TOOK")
	if l.host > 0 {
		head = append(head, "ATTEMPT", "HOST")
	}
	if l.note > 0 {
		head = append(head, "NOTE")
	}
	rows := [][]terminal.Span{heading(head...)}
	for _, r := range list {
		row := []terminal.Span{terminal.Text(shorten(status.Escape(r.ID), l.run)), styleOf(r.Status).Of(string(r.Status))}
		if l.trigger {
			row = append(row, terminal.Text(shorten(status.Visible(string(r.Trigger)), 12)))
		}
		row = append(row, l.started(r, at), terminal.Text(tookOf(r, at)))
		if l.host > 0 {
			row = append(row, terminal.Text(showNumber(int64(r.Attempt))), terminal.Text(shorten(hostOf(r), l.host)))
		}
		if l.note > 0 {
			row = append(row, terminal.Text(shorten(noteOf(r), l.note)))
		}
		rows = append(rows, row)
	}
	return terminal.Table(rows, slices.Index(head, "ATTEMPT"))
}

// started shows when the first attempt began, or when one is due.
func (l runLayout) started(r view.Run, at time.Time) terminal.Span {
	begun := begunAt(r)
	switch {
	case r.Status == store.Waiting:
		if left := r.Due.Sub(at); left > 0 {
			return terminal.Text(fmt.Sprintf("due in %v", status.Seconds(left)))
		}
		return terminal.Late.Of(fmt.Sprintf("due %v ago", status.Seconds(at.Sub(r.Due))))
	case begun.IsZero():
		return terminal.Text("–")
	case l.brief:
		return terminal.Text(fmt.Sprintf("%v ago", status.Seconds(at.Sub(begun))))
	}
	return terminal.Text(status.Instant(begun, at))
}

// begunAt returns when the first attempt that is known began; zero if there was none.
func begunAt(r view.Run) time.Time {
	if len(r.Attempts) == 0 {
		return time.Time{}
	}
	return r.Attempts[0].From
}

// tookOf returns how long a run took, or takes until now.
func tookOf(r view.Run, at time.Time) string {
	begun := begunAt(r)
	switch {
	case begun.IsZero(), r.Status == store.Waiting:
		return "–"
	case r.Status.Ended():
		at = r.EndedAt
	}
	return status.Seconds(at.Sub(begun)).String()
}

func hostOf(r view.Run) string {
	if len(r.Attempts) == 0 {
		return "–"
	}
	return holderOf(r.Attempts[len(r.Attempts)-1])
}

// holderOf names the instance of an attempt.
func holderOf(a view.Attempt) string {
	id := uuid.Nil
	if a.Instance != nil {
		id = *a.Instance
	}
	return status.Name(status.Visible(a.Host), id)
}

// noteOf returns what else people should know about a run, in a few words.
func noteOf(r view.Run) string {
	var parts []string
	if n := len(r.Attempts); n > 0 && r.Attempts[n-1].End == store.AttemptFailed {
		if code := "exit code " + strconv.Itoa(*r.Attempts[n-1].ExitCode); !strings.Contains(r.Remark, code) {
			parts = append(parts, code)
		}
	}
	if r.Status == store.Processing {
		if text := progressOf(r.Progress); text != "" {
			parts = append(parts, text)
		}
		if r.Cancel != nil {
			parts = append(parts, "is to be cancelled")
		}
	}
	if r.Remark != "" {
		parts = append(parts, status.Visible(r.Remark))
	}
	return strings.Join(parts, "; ")
}

// progressOf returns how far a run is, or "" if it said nothing.
func progressOf(p *view.Progress) string {
	if p == nil {
		return ""
	}
	text := strconv.Itoa(p.Percent) + " %"
	if p.Text != "" {
		text += " " + status.Visible(p.Text)
	}
	return text
}
