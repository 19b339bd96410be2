package cli

import (
	"bytes"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/status"
)

// jsonLines shows each survey as a line of JSON.
type jsonLines struct {
	complaints
	all bool
}

func (o *jsonLines) found(s survey) ([]byte, error) {
	o.unread(s)
	return s.encode(false, o.all)
}

func (o *jsonLines) end() []byte { return nil }

// changeLines shows a line for each group, and another one when something else than an
// age has changed.
type changeLines struct {
	complaints
	where func() string // see client.where
	last  map[string]situation
}

// situation has the facts about a group that get a new line when they change.
type situation struct {
	known, healthy, open bool
	unread               bool
	term                 int64
	active               uuid.UUID
	count                status.Count
}

func situationOf(g status.Group) situation {
	active, _ := g.Active()
	return situation{
		known: true, healthy: g.Healthy, unread: g.Unread != "", open: len(g.Terms) > 0 && g.Terms[0].To.IsZero(),
		term: g.Term, active: active.ID, count: g.Count(),
	}
}

func (c *changeLines) found(s survey) ([]byte, error) {
	c.unread(s)
	first := c.last == nil
	if first {
		c.last = map[string]situation{}
		if s.nothing() {
			fmt.Fprintf(c.complaints.out, "understudy: %s\n", c.where())
		}
	}
	var b bytes.Buffer
	for _, g := range s.groups {
		now := situationOf(g)
		if now == c.last[g.Name] {
			continue
		}
		c.last[g.Name] = now
		fmt.Fprintf(&b, "%s %s: %s", g.At.UTC().Format(time.RFC3339), g.Name, g.Health)
		if in, ok := g.Active(); ok && g.Healthy {
			fmt.Fprintf(&b, "; %s in term %d", status.Name(in.Host, in.ID), in.Term)
		}
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

func (c *changeLines) end() []byte { return nil }

// screen draws each survey over the previous one. It changes no setting of the terminal,
// so it can end at any moment.
type screen struct {
	colour bool
	size   func() (columns, rows int) // zero: not known
	where  func() string              // see client.where
	begun  bool
	last   []terminal.Line
	asOf   time.Time
}

func (r *screen) found(s survey) ([]byte, error) {
	columns, _ := r.size()
	r.last, r.asOf = nil, time.Now()
	for _, err := range s.unread {
		r.last = append(r.last, terminal.Line{terminal.Bad.Of(trouble(err))})
	}
	r.last = append(r.last, s.lines(columns-1)...)
	if len(s.groups) > 0 {
		r.asOf = s.groups[0].At
	}
	if s.nothing() {
		r.last = append(r.last, terminal.Line{terminal.Text(r.where())})
	}
	return r.draw(r.last), nil
}

func (r *screen) failed(err error) []byte {
	lines := []terminal.Line{{terminal.Bad.Of(trouble(err))}}
	for _, l := range r.last { // what was true before
		lines = append(lines, terminal.Line{terminal.Muted.Of(l.Paint(false))})
	}
	return r.draw(lines)
}

func (r *screen) end() []byte { return []byte("\n") }

// draw writes over the lines that are there, one by one, so that nothing flickers.
func (r *screen) draw(lines []terminal.Line) []byte {
	footer := "Ctrl-C ends this"
	if !r.asOf.IsZero() {
		footer = fmt.Sprintf("at %s UTC by the registry's clock; %s", r.asOf.UTC().Format(time.TimeOnly), footer)
	}
	columns, rows := r.size()
	room := max(rows-2, 1) // the footer and the line of the cursor take two
	if more := len(lines) - room; rows > 0 && more > 0 {
		footer = fmt.Sprintf("%d more lines; %s", more, footer)
		lines = lines[:room]
	}
	lines = append(lines[:len(lines):len(lines)], terminal.Line{terminal.Muted.Of(footer)})
	var b bytes.Buffer
	if !r.begun {
		b.WriteString("\x1b[2J")
		r.begun = true
	}
	b.WriteString("\x1b[H")
	for _, l := range lines {
		if columns > 0 {
			l = l.Clip(columns - 1)
		}
		b.WriteString(l.Paint(r.colour) + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	return b.Bytes()
}
