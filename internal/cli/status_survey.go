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

// survey is what was found of one group or of all.
type survey struct {
	all    bool // not the one group that was asked for
	groups []status.Group
	unread []error // of the groups that could not be understood
	hidden int     // groups that have ended
}

// survey looks at the configured group, or at all. A group whose records make no
// sense does not hide the others.
func (l *looker) survey(ctx context.Context, all bool) (survey, error) {
	names, s := []string{l.conf.Group}, survey{all: all}
	if all {
		var err error
		switch names, err = l.groups(ctx); {
		case errors.Is(err, registry.ErrCorrupt):
			s.unread = append(s.unread, err)
		case err != nil:
			return survey{}, err
		}
	}
	l.forget(names)
	s.groups = make([]status.Group, 0, len(names))
	for _, name := range names {
		g, err := l.look(ctx, name, pictureTerms)
		switch unavailable := (openregistry.UnavailableError{}); {
		case errors.As(err, &unavailable), err != nil && !all:
			return survey{}, err
		case err != nil:
			s.unread = append(s.unread, fmt.Errorf("group %s: %w", status.Visible(name), err))
		default:
			s.groups = append(s.groups, g)
		}
	}
	if all {
		s = l.hideEnded(s)
	}
	slices.SortStableFunc(s.groups, func(a, b status.Group) int { return severity(b) - severity(a) })
	return s, nil
}

// severity is 1 for a group that somebody has to see to.
func severity(g status.Group) int {
	if g.Healthy || g.Done || ended(g) {
		return 0
	}
	return 1
}

// nothing reports whether there is no trace of anyone.
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

// healthy reports whether every group is; of all groups those that have ended do not
// count. A registry without a trace of any may be the wrong one.
func (s survey) healthy() bool {
	for _, g := range s.groups {
		if !g.Healthy && !(s.all && ended(g)) {
			return false
		}
	}
	return len(s.groups)+s.hidden > 0 && len(s.unread) == 0
}

// lines is what a person sees of it, on a terminal of so many columns.
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
	}
	return list
}

// summary says how many groups there are of each kind.
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
	if all {
		return encode(s.groups, indent)
	}
	return encode(s.groups[0], indent)
}

func (s survey) write(out io.Writer, asJSON, all bool) error {
	if asJSON {
		text, err := s.encode(true, all)
		if err != nil {
			return err
		}
		return write(out, text)
	}
	columns := 0
	if f := terminal.Of(out); f != nil {
		columns, _ = terminal.Size(f)
	}
	return writeLines(out, s.lines(columns))
}
