package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

const (
	// jobsTimeout bounds how long status waits for what is going on with jobs. It is about
	// instances first.
	jobsTimeout = 2 * time.Second
	// failedWithin is how far back status counts failed runs, up to manyRuns.
	failedWithin = 24 * time.Hour
	manyRuns     = 100
)

// jobsSummary tells of the jobs of a group in short.
type jobsSummary struct {
	Jobs     int       `json:"jobs"` // without those that are gone
	Paused   int       `json:"paused"`
	Running  int       `json:"running"`
	Waiting  int       `json:"waiting"` // that are due
	Next     string    `json:"next,omitempty"`
	NextAt   time.Time `json:"nextAt,omitzero"`
	Failed   int       `json:"failedLastDay"` // also those that timed out or exited; at most 100 are counted
	Term     int64     `json:"term"`          // of the holder that wrote of them last
	Error    string    `json:"error,omitempty"`
	manyRuns bool
}

// groupView is a group with its jobs, as programs read it.
type groupView struct {
	status.Group
	Jobs *jobsSummary `json:"jobs,omitempty"`
}

// summariseJobs reads what status tells of the jobs of a group. It returns nil if the
// group has none, or if this user has no right to read them.
func (cl *client) summariseJobs(ctx context.Context, group string) *jobsSummary {
	ctx, cancel := context.WithTimeout(ctx, jobsTimeout)
	defer cancel()
	s := cl.asking()
	list, err := s.Jobs(ctx, group)
	switch {
	case errors.Is(err, registry.ErrRefused), err == nil && len(list) == 0, ctx.Err() != nil && len(list) == 0:
		return nil // it is not known that there are jobs, and the group itself says if the registry is away
	case err != nil && len(list) == 0:
		return &jobsSummary{Error: status.Visible(status.Plain(err.Error()))}
	}
	sum := &jobsSummary{}
	for _, j := range list {
		sum.Term = max(sum.Term, j.Term)
		switch {
		case j.Gone:
			continue
		case j.Paused != nil:
			sum.Paused++
		case !j.Next.IsZero() && (sum.NextAt.IsZero() || j.Next.Before(sum.NextAt)):
			sum.Next, sum.NextAt = j.Name, j.Next
		}
		sum.Jobs++
	}
	if err := sum.addRuns(ctx, s, group, cl.now); err != nil {
		sum.Error = status.Visible(status.Plain(err.Error()))
	}
	return sum
}

// addRuns counts the runs that wait, are processed, or have failed.
func (sum *jobsSummary) addRuns(ctx context.Context, s store.Asking, group string, clock func(context.Context) (time.Time, error)) error {
	now, err := clock(ctx)
	if err != nil {
		return err
	}
	queue, err := s.Queue(ctx, group, now)
	if err != nil && !registry.Unreadable(err) {
		return err
	}
	for _, q := range queue {
		sum.Waiting += q.Waiting
	}
	processing, err := s.Runs(ctx, group, store.Filter{States: []store.State{store.Processing}, Limit: manyRuns})
	if err != nil && !registry.Unreadable(err) {
		return err
	}
	sum.Running = len(processing)
	failed, err := s.Runs(ctx, group, store.Filter{
		States: store.Failures, Since: now.Add(-failedWithin), Limit: manyRuns,
	})
	if err != nil && !registry.Unreadable(err) {
		return err
	}
	sum.Failed, sum.manyRuns = len(failed), len(failed) == manyRuns
	return nil
}

// lines tells of the jobs of a group on one line, or on more if there are too few columns;
// 0 is no limit.
func (sum *jobsSummary) lines(g status.Group, columns int) (lines []terminal.Line) {
	line := sum.line(g)
	if columns == 0 || line.Width() <= columns {
		return []terminal.Line{line}
	}
	for _, text := range wrap(line.Paint(false), columns) {
		lines = append(lines, terminal.Line{terminal.Text(text)})
	}
	return lines
}

// line tells of the jobs of a group on one line, and whether its active instance has not
// taken them over.
func (sum *jobsSummary) line(g status.Group) terminal.Line {
	const name = "jobs: "
	if sum.Error != "" && sum.Jobs == 0 {
		return terminal.Line{terminal.Text(name), terminal.Late.Of("they cannot be read: " + sum.Error)}
	}
	text := fmt.Sprintf("%s%d", name, sum.Jobs)
	if sum.Paused > 0 {
		text += fmt.Sprintf(" (%d paused)", sum.Paused)
	}
	if sum.Running > 0 {
		text += fmt.Sprintf(", %d running", sum.Running)
	}
	if sum.Waiting > 0 {
		text += fmt.Sprintf(", %d waiting", sum.Waiting)
	}
	if sum.Next != "" {
		left := sum.NextAt.Sub(g.At)
		switch {
		case left <= -lateness:
			text += fmt.Sprintf(", %s is late by %v", sum.Next, status.Seconds(-left))
		default:
			text += fmt.Sprintf(", next %s in %v", sum.Next, status.Seconds(left))
		}
	}
	line := terminal.Line{terminal.Text(text)}
	if sum.Failed > 0 {
		more := ""
		if sum.manyRuns {
			more = "+"
		}
		line = append(line, terminal.Text("; "), terminal.Bad.Of(fmt.Sprintf("%d%s failed in the last 24 h", sum.Failed, more)))
	}
	if _, ok := g.Active(); ok && g.Term > sum.Term {
		line = append(line, terminal.Text("; "), terminal.Late.Of(fmt.Sprintf("the active instance has not taken them over from term %d", sum.Term)))
	}
	if sum.Error != "" {
		line = append(line, terminal.Text("; "), terminal.Late.Of("runs cannot be read: "+sum.Error))
	}
	return line
}
