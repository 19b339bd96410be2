package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// showGroup is what people see of a group: its health, and a table of its
// instances, if there are any. Of UUIDs the end must do where the terminal has
// too few columns; 0 is no limit.
func showGroup(g status.Group, columns int) []terminal.Line {
	health := terminal.Bad.Of(g.Health)
	switch {
	case g.Healthy:
		health.Style = terminal.Good
	case g.Done:
		health.Style = terminal.Normal
	}
	lines := []terminal.Line{{terminal.Bold.Of(g.Name), terminal.Text(": "), health}}
	if len(g.Instances) == 0 {
		return lines
	}
	instances := showInstances(g, uuid.UUID.String)
	if columns > 0 && instances[1].Width() > columns {
		instances = showInstances(g, status.Short)
	}
	return append(lines, instances...)
}

// showInstances has a column for priorities if there are any.
func showInstances(g status.Group, id func(uuid.UUID) string) []terminal.Line {
	head, numbers := heading("ROLE", "TERM", "HOST", "PID", "VERSION", "LAST BEAT", "SINCE (UTC)", "INSTANCE"), []int{1, 3}
	ranked := slices.ContainsFunc(g.Instances, func(in status.Instance) bool { return in.Priority != 0 })
	if ranked {
		head, numbers = slices.Insert(head, 2, heading("PRIO")...), []int{1, 2, 4}
	}
	rows := [][]terminal.Span{head}
	for _, in := range g.Instances {
		row := append(showInstance(in, g.At), terminal.Text(id(in.ID)))
		if ranked {
			row = slices.Insert(row, 2, terminal.Text(strconv.Itoa(in.Priority)))
		}
		rows = append(rows, row)
	}
	return terminal.Table(rows, numbers...)
}

func heading(names ...string) []terminal.Span {
	var row []terminal.Span
	for _, name := range names {
		row = append(row, terminal.Aside.Of(name))
	}
	return row
}

func showInstance(in status.Instance, at time.Time) []terminal.Span {
	role := terminal.Text(string(in.Role))
	if in.Role == registry.Active {
		role.Style = terminal.Good
	}
	if in.HoldingOff {
		role.Text += ", holding off"
	}
	beat := terminal.Text(in.Age.String())
	if in.Silent {
		beat = terminal.Late.Of(fmt.Sprintf("%v, orphan in %v", in.Age, in.OrphanIn))
		if in.OrphanIn == 0 {
			beat.Text = fmt.Sprintf("%v, orphan", in.Age)
		}
		role.Text += ", silent"
		if in.Role == registry.Active {
			role.Style = terminal.Bad
		}
	}
	term := "–"
	if in.Term > 0 {
		term = strconv.FormatInt(in.Term, 10)
	}
	return []terminal.Span{
		role, terminal.Text(term), terminal.Text(shorten(in.Host, 40)), terminal.Text(strconv.Itoa(in.PID)), terminal.Text(shorten(in.Version, 24)),
		beat, terminal.Text(status.Instant(in.Since, at)),
	}
}

// shorten keeps text that is too long for a table to n runes, and so that
// something of its end is left.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	end := (n - 1) / 2
	return string(r[:n-1-end]) + "…" + string(r[len(r)-end:])
}
