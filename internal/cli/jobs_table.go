package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

// jobLayout is how much a table of jobs shows.
type jobLayout struct {
	name, schedule int  // the most columns of each; 0: none
	brief          bool // spans instead of instants
	streak         bool
}

// jobLayouts are for narrower and narrower terminals.
var jobLayouts = []jobLayout{
	{name: 100, schedule: 60, streak: true},
	{name: 40, schedule: 40, streak: true},
	{name: 40, schedule: 24, brief: true, streak: true},
	{name: 30, brief: true, streak: true},
	{name: 24, brief: true},
	{name: 12, brief: true},
}

// showJobs returns a table of jobs, with what there is room for, and below it who paused
// which of them. Without jobs there is none.
func showJobs(list []view.Job, at time.Time, columns int) (lines []terminal.Line) {
	if len(list) == 0 {
		return nil
	}
	lines = widest(jobLayouts, columns, func(l jobLayout) []terminal.Line { return l.table(list, at) })
	for _, j := range list {
		if j.Paused == nil {
			continue
		}
		for _, text := range wrap(pausedBy(j, at), columns) {
			lines = append(lines, terminal.Line{terminal.Late.Of(text)})
		}
	}
	return lines
}

// pausedBy says who paused a job, when, and why.
func pausedBy(j view.Job, at time.Time) string {
	text := fmt.Sprintf("%s is paused by %s since %s", j.Name, personOf(j.Paused.By), instantAndAge(j.Paused.At, at))
	if j.Paused.Why != "" {
		text += ": " + status.Visible(j.Paused.Why)
	}
	return text
}

// personOf returns who asked for something, as far as is known.
func personOf(by string) string {
	if by == "" {
		return store.Somebody
	}
	return status.Visible(by)
}

func (l jobLayout) table(list []view.Job, at time.Time) []terminal.Line {
	head := []string{"JOB"}
	if l.schedule > 0 {
		head = append(head, "SCHEDULE")
	}
	next := "NEXT (UTC)"
	if l.brief {
		next = "NEXT"
	}
	head = append(head, next, "NOW", "LAST RUN")
	var numbers []int
	if l.streak {
		numbers = []int{len(head)}
		head = append(head, "STREAK")
	}
	rows := [][]terminal.Span{heading(head...)}
	for _, j := range list {
		row := []terminal.Span{terminal.Text(shorten(status.Visible(j.Name), l.name))}
		if l.schedule > 0 {
			row = append(row, terminal.Text(shorten(scheduleOf(j), l.schedule)))
		}
		row = append(row, l.next(j, at), stateOfJob(j, at), lastRun(j, at))
		if l.streak {
			row = append(row, terminal.Text(showStreak(j.Streak)))
		}
		rows = append(rows, row)
	}
	return terminal.Table(rows, numbers...)
}

// scheduleOf returns when a job is due, in which zone.
func scheduleOf(j view.Job) string {
	switch {
	case j.Schedule == "":
		return "–"
	case j.Zone == "":
		return status.Visible(j.Schedule)
	}
	return status.Visible(j.Schedule) + " " + status.Visible(j.Zone)
}

// lateness is from when on a slot that nobody has claimed is late.
const lateness = 5 * time.Second

// next shows when a job is due next.
func (l jobLayout) next(j view.Job, at time.Time) terminal.Span {
	if j.Next.IsZero() || j.Gone || j.Paused != nil {
		return terminal.Text("–")
	}
	left := j.Next.Sub(at)
	text, style := "in "+status.Seconds(left).String(), terminal.Normal
	switch {
	case left <= -lateness:
		text, style = status.Seconds(-left).String()+" late", terminal.Late
	case left <= 0:
		text = "now"
	}
	if !l.brief {
		text = status.Instant(j.Next, at) + ", " + text
	}
	return style.Of(text)
}

// stateOfJob shows what is going on with a job.
func stateOfJob(j view.Job, at time.Time) terminal.Span {
	text, style := "", terminal.Normal
	add := func(more string) {
		if text != "" {
			text += ", "
		}
		text += more
	}
	if j.Gone {
		add("gone")
		style = terminal.Muted
	}
	if j.Paused != nil {
		add("paused")
		style = terminal.Late
	}
	if j.Current != nil {
		add("running " + tookOf(*j.Current, at))
	}
	if j.Waiting > 0 {
		add(fmt.Sprintf("%d waiting", j.Waiting))
	}
	if text == "" {
		text = "–"
	}
	return style.Of(text)
}

// lastRun shows how the last run of a job ended, and how long ago.
func lastRun(j view.Job, at time.Time) terminal.Span {
	if j.Last == nil {
		return terminal.Text("–")
	}
	return styleOf(j.Last.Status).Of(fmt.Sprintf("%s %v ago", j.Last.Status, status.Seconds(at.Sub(j.Last.EndedAt))))
}

// styleOf returns the style of a state.
func styleOf(s store.State) terminal.Style {
	switch s {
	case store.Completed, store.Processing:
		return terminal.Good
	case store.Failed, store.TimedOut, store.Exited:
		return terminal.Bad
	case store.Skipped, store.Cancelled:
		return terminal.Late
	}
	return terminal.Normal
}

// showStreak shows how many of the last runs in a row ended the same way, as far as was
// looked.
func showStreak(n int) string {
	if n >= view.RecentRuns {
		return strconv.Itoa(n) + "+"
	}
	return showNumber(int64(n))
}

// instantAndAge shows an instant, and how long ago it was or in which time it comes.
func instantAndAge(t, at time.Time) string {
	switch d := at.Sub(t); {
	case t.IsZero():
		return "–"
	case d < 0:
		return fmt.Sprintf("%s (in %v)", status.Instant(t, at), status.Seconds(-d))
	default:
		return fmt.Sprintf("%s (%v ago)", status.Instant(t, at), status.Seconds(d))
	}
}
