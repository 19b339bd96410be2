package main

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// showGroup is what people see of a group: its health, and a table of its
// instances, if there are any. Of UUIDs the end must do where the terminal has
// too few columns; 0 is no limit.
func showGroup(g status.Group, columns int) []textLine {
	health := styled{inGood, g.Health}
	if !g.Healthy {
		health.style = inBad
	}
	lines := []textLine{{{inBold, g.Name}, {inNormal, ": "}, health}}
	if len(g.Instances) == 0 {
		return lines
	}
	instances := showInstances(g, uuid.UUID.String)
	if columns > 0 && instances[1].width() > columns {
		instances = showInstances(g, status.Short)
	}
	return append(lines, instances...)
}

func showInstances(g status.Group, id func(uuid.UUID) string) []textLine {
	rows := [][]styled{heading("ROLE", "TERM", "HOST", "PID", "VERSION", "LAST BEAT", "SINCE", "INSTANCE")}
	for _, in := range g.Instances {
		rows = append(rows, append(showInstance(in, g.At), styled{inNormal, id(in.ID)}))
	}
	return table(rows, 1, 3)
}

func heading(names ...string) []styled {
	var row []styled
	for _, name := range names {
		row = append(row, styled{inAside, name})
	}
	return row
}

func showInstance(in status.Instance, at time.Time) []styled {
	role := styled{inNormal, string(in.Role)}
	if in.Role == registry.Active {
		role.style = inGood
	}
	if in.HoldingOff {
		role.text += ", holding off"
	}
	beat := styled{inNormal, in.Age.String()}
	if in.Silent {
		beat = styled{inLate, fmt.Sprintf("%v, orphan in %v", in.Age, in.OrphanIn)}
		if in.OrphanIn == 0 {
			beat.text = fmt.Sprintf("%v, orphan", in.Age)
		}
		role.text += ", silent"
		if in.Role == registry.Active {
			role.style = inBad
		}
	}
	term := "–"
	if in.Term > 0 {
		term = strconv.FormatInt(in.Term, 10)
	}
	return []styled{
		role, {inNormal, term}, {inNormal, shorten(in.Host, 40)}, {inNormal, strconv.Itoa(in.PID)}, {inNormal, shorten(in.Version, 24)},
		beat, {inNormal, instant(in.Since, at)},
	}
}

// instant shows when something was, in local time and with the date if that is
// not the day of now.
func instant(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t, now = t.Local(), now.Local()
	layout := time.TimeOnly
	if t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		layout = time.DateTime
	}
	return t.Format(layout)
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
