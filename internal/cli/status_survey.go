package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// survey is what was read of the configured group, or of all groups.
type survey struct {
	all    bool // of all groups
	groups []status.Group
	jobs   map[string]*jobsSummary // of the groups that have jobs
	unread []error                 // why groups could not be understood
	hidden int                     // how many groups have ended and are not shown
}

// survey reads the configured group, or all groups. A group whose records make no sense
// does not keep the others from being shown.
func (cl *client) survey(ctx context.Context, all bool) (survey, error) {
	names, s := []string{cl.conf.Group}, survey{all: all}
	if all {
		var err error
		switch names, err = cl.groupNames(ctx); {
		case errors.Is(err, registry.ErrCorrupt):
			s.unread = append(s.unread, err)
		case err != nil:
			return survey{}, err
		}
	}
	cl.forget(names)
	s.groups = make([]status.Group, 0, len(names))
	s.jobs = map[string]*jobsSummary{}
	for _, name := range names {
		jobs := make(chan *jobsSummary, 1)
		go func() { jobs <- cl.summariseJobs(ctx, name) }()
		g, err := cl.readGroup(ctx, name, statusTerms)
		sum := <-jobs
		_, unavailable := errors.AsType[openregistry.UnavailableError](err)
		switch {
		case unavailable, err != nil && !all:
			return survey{}, err
		case err != nil:
			s.unread = append(s.unread, fmt.Errorf("group %s: %w", status.Visible(name), err))
		default:
			s.groups = append(s.groups, g)
			s.jobs[g.Name] = sum
		}
	}
	if all {
		s = cl.hideEnded(s)
	}
	slices.SortStableFunc(s.groups, func(a, b status.Group) int { return severity(b) - severity(a) })
	return s, nil
}

// severity is 1 for a group that needs somebody's attention.
func severity(g status.Group) int {
	if g.Healthy || g.Done || ended(g) {
		return 0
	}
	return 1
}

// nothing reports whether the registry has no trace of any instance.
func (s survey) nothing() bool {
	for _, g := range s.groups {
		if g.Term > 0 || len(g.Instances) > 0 || g.Unread != "" {
			return false
		}
	}
	return len(s.unread)+s.hidden == 0
}

func (s survey) takingOver() bool {
	return slices.ContainsFunc(s.groups, status.Group.TakingOver)
}

// healthy reports whether every group is healthy. Among all groups, those that have ended
// do not count. A registry without any group is not healthy: it may be the wrong one.
func (s survey) healthy() bool {
	for _, g := range s.groups {
		if !g.Healthy && !(s.all && ended(g)) {
			return false
		}
	}
	return len(s.groups)+s.hidden > 0 && len(s.unread) == 0
}

// lines returns the survey for people, on a terminal of so many columns.
func (s survey) lines(columns int) []terminal.Line {
	var list []terminal.Line
	if len(s.groups)+len(s.unread) > 1 || s.hidden > 0 {
		list = append(list, terminal.Line{s.overview()})
	}
	for _, g := range s.groups {
		if len(list) > 0 {
			list = append(list, nil)
		}
		list = append(list, showGroup(g, columns)...)
		if sum := s.jobs[g.Name]; sum != nil {
			list = append(list, sum.lines(g, columns)...)
		}
	}
	return list
}

// summary counts the groups of each kind.
func (s survey) summary() terminal.Span {
	healthy, done, over := 0, 0, 0
	for _, g := range s.groups {
		switch {
		case g.Healthy:
			healthy++
		case g.Done:
			done++
		case ended(g):
			over++
		}
	}
	text := fmt.Sprintf("%d groups: %d healthy", len(s.groups), healthy)
	if len(s.groups) == 1 {
		text = fmt.Sprintf("1 group: %d healthy", healthy)
	}
	if done > 0 {
		text += fmt.Sprintf(", %d done", done)
	}
	if over > 0 {
		text += fmt.Sprintf(", %d ended", over)
	}
	bad := len(s.groups) - healthy - done - over
	text += fmt.Sprintf(", %d not", bad)
	if len(s.unread) > 0 {
		text += fmt.Sprintf("; %d more could not be understood", len(s.unread))
	}
	if bad+len(s.unread) > 0 {
		return terminal.Bad.Of(text)
	}
	return terminal.Good.Of(text)
}

func (s survey) encode(indent, all bool) ([]byte, error) {
	views := make([]groupView, 0, len(s.groups))
	for _, g := range s.groups {
		views = append(views, groupView{g, s.jobs[g.Name]})
	}
	if all {
		return encode(views, indent)
	}
	return encode(views[0], indent)
}

func (s survey) write(out io.Writer, asJSON, all bool) error {
	if !asJSON {
		return writeLines(out, s.lines(width(out)))
	}
	text, err := s.encode(true, all)
	if err != nil {
		return err
	}
	return write(out, text)
}
