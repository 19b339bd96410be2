package cli

import (
	"fmt"
	"slices"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/status"
)

// ended reports whether a group has ended: its latest term has ended, and there is no
// instance that could begin the next one.
func ended(g status.Group) bool {
	return len(g.Instances) == 0 && g.Unread == "" && len(g.Terms) > 0 && !g.Terms[0].To.IsZero()
}

// hideEnded leaves out the groups that have ended, unless --ended was given. With --watch,
// a group that was shown before stays, so that people see that it has ended.
func (cl *client) hideEnded(s survey) survey {
	if cl.showEnded {
		return s
	}
	if cl.shown == nil {
		cl.shown = map[string]bool{}
	}
	all := len(s.groups)
	s.groups = slices.DeleteFunc(s.groups, func(g status.Group) bool { return ended(g) && !cl.shown[g.Name] })
	s.hidden = all - len(s.groups)
	for _, g := range s.groups {
		cl.shown[g.Name] = true
	}
	return s
}

// overview counts the groups, and those that have ended.
func (s survey) overview() terminal.Span {
	over := fmt.Sprintf("%d ended (shown with --ended)", s.hidden)
	switch {
	case s.hidden == 0:
		return s.summary()
	case len(s.groups)+len(s.unread) == 0:
		return terminal.Text("no group to show; " + over)
	}
	span := s.summary()
	span.Text += "; " + over
	return span
}
