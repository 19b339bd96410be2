package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/status"
)

// showGroup returns a group for people: its health, and a table of its instances if there
// are any. The table shows less if there are too few columns; 0 is no limit.
func showGroup(g status.Group, columns int) []terminal.Line {
	health := terminal.Bad
	switch {
	case g.Healthy:
		health = terminal.Good
	case g.Done:
		health = terminal.Normal
	}
	var lines []terminal.Line
	for i, text := range wrap(g.Name+": "+g.Health, columns) {
		if i > 0 {
			lines = append(lines, terminal.Line{health.Of(text)})
			continue
		}
		lines = append(lines, terminal.Line{terminal.Bold.Of(g.Name), terminal.Text(": "), health.Of(strings.TrimPrefix(text, g.Name+": "))})
	}
	if len(g.Instances) == 0 {
		return lines
	}
	return append(lines, showInstances(g, columns)...)
}

// wrap breaks a text into lines at its spaces. All lines but the first are indented by two.
// On a terminal of less than forty columns it does nothing.
func wrap(text string, columns int) (lines []string) {
	if columns < 40 {
		return []string{text}
	}
	line := ""
	for i, word := range strings.Split(text, " ") {
		if i > 0 && terminal.Width(line+" "+word) > columns {
			lines = append(lines, line)
			line = "  " + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

func heading(names ...string) []terminal.Span {
	var row []terminal.Span
	for _, name := range names {
		row = append(row, terminal.Muted.Of(name))
	}
	return row
}

func showNumber(n int64) string {
	if n <= 0 {
		return "–"
	}
	return strconv.FormatInt(n, 10)
}

func showSpan(since, at time.Time) string {
	if since.IsZero() {
		return "–"
	}
	return status.Seconds(at.Sub(since)).String()
}

// shorten cuts a text that is too long for a table to n columns. It leaves out the middle,
// so that the end is still there.
func shorten(s string, n int) string {
	if terminal.Width(s) <= n {
		return s
	}
	r := []rune(s)
	keep := func(room int, next func(i int) rune) (runes int) {
		for runes < len(r) {
			if room -= terminal.Width(string(next(runes))); room < 0 {
				break
			}
			runes++
		}
		return runes
	}
	end := (n - 1) / 2
	last := keep(end, func(i int) rune { return r[len(r)-1-i] })
	first := keep(n-1-end, func(i int) rune { return r[i] })
	return string(r[:first]) + "…" + string(r[len(r)-last:])
}
