package cli

import (
	"fmt"
	"slices"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/status"
)

// ended reports whether a group is over: its latest term has ended, and there is
// nobody who could begin the next one.
func ended(g status.Group) bool {
	return len(g.Instances) == 0 && g.Unread == "" && len(g.Terms) > 0 && !g.Terms[0].To.IsZero()
}

// hideEnded leaves out the groups that are over, unless that is wanted otherwise.
// One that was shown before is shown to its end: who watches is to see it.
func (l *looker) hideEnded(s survey) survey {
	if l.showEnded {
		return s
	}
	if l.shown == nil {
		l.shown = map[string]bool{}
	}
	all := len(s.groups)
	s.groups = slices.DeleteFunc(s.groups, func(g status.Group) bool { return ended(g) && !l.shown[g.Name] })
	s.hidden = all - len(s.groups)
	for _, g := range s.groups {
		l.shown[g.Name] = true
	}
	return s
}

// overview says how many groups there are, and how many are over.
func (s survey) overview() terminal.Span {
	over := fmt.Sprintf("%d ended, which --ended shows", s.hidden)
	switch {
	case s.hidden == 0:
		return s.summary()
	case len(s.groups)+len(s.unread) == 0:
		return terminal.Text("no group is left; " + over)
	}
	span := s.summary()
	span.Text += "; " + over
	return span
}
