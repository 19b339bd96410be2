package schedule

import (
	"strconv"
	"strings"
	"time"
)

// plainSpec is a schedule of five fields in the plainest form: which values match.
type plainSpec struct {
	minute           [60]bool
	hour             [24]bool
	dom              [32]bool
	month            [13]bool
	dow              [7]bool
	hourStar, either bool
}

// readPlain reads five valid fields without H. It shares no code with Parse.
func readPlain(text string) *plainSpec {
	f := strings.Fields(text)
	p := &plainSpec{hourStar: f[1][0] == '*', either: f[2][0] != '*' && f[4][0] != '*'}
	for v := range p.minute {
		p.minute[v] = plainHas(f[0], v, 0, 59)
	}
	for v := range p.hour {
		p.hour[v] = plainHas(f[1], v, 0, 23)
	}
	for v := range p.dom {
		p.dom[v] = plainHas(f[2], v, 1, 31)
	}
	for v := range p.month {
		p.month[v] = plainHas(f[3], v, 1, 12)
	}
	for v := range p.dow {
		p.dow[v] = plainHas(f[4], v, 0, 7) || v == 0 && plainHas(f[4], 7, 0, 7)
	}
	return p
}

func plainHas(field string, v, low, high int) bool {
	for _, item := range strings.Split(field, ",") {
		span, step, ok := strings.Cut(item, "/")
		every := 1
		if ok {
			every, _ = strconv.Atoi(step)
		}
		from, to := low, high
		if span != "*" {
			first, last, isRange := strings.Cut(span, "-")
			from = plainValue(first)
			to = from
			if isRange {
				to = plainValue(last)
			}
			if last == "sun" {
				to = 7
			}
		}
		if v >= from && v <= to && (v-from)%every == 0 {
			return true
		}
	}
	return false
}

func plainValue(text string) int {
	for _, names := range []string{"sun mon tue wed thu fri sat", "- jan feb mar apr may jun jul aug sep oct nov dec"} {
		for i, name := range strings.Fields(names) {
			if name == text {
				return i
			}
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// matches reports whether a wall time matches. It is given as if it were UTC.
func (p *plainSpec) matches(wall int64) bool {
	t := time.Unix(wall, 0).UTC()
	if t.Second() != 0 || !p.minute[t.Minute()] || !p.hour[t.Hour()] {
		return false
	}
	return p.matchesDay(t)
}

func (p *plainSpec) matchesDay(t time.Time) bool {
	if !p.month[t.Month()] {
		return false
	}
	dom, dow := p.dom[t.Day()], p.dow[t.Weekday()]
	if p.either {
		return dom || dow
	}
	return dom && dow
}

// tick is an instant and what the clock shows then, as if that were UTC.
type tick struct{ at, wall int64 }

// ticks walks from one instant to another by minutes, or by seconds where the zone needs it.
func ticks(zone *time.Location, from, to int64) []tick {
	step := int64(60)
	for at := from; at < to; at += 3600 {
		if _, offset := time.Unix(at, 0).In(zone).Zone(); offset%60 != 0 {
			step = 1
		}
	}
	var all []tick
	for at := from; at < to; at += step {
		t := time.Unix(at, 0).In(zone)
		wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		all = append(all, tick{at, wall.Unix()})
	}
	return all
}

// walk is the rule as the package's comment tells it, one tick after the other. It
// returns the slots.
func (p *plainSpec) walk(ticks []tick) []int64 {
	var slots []int64
	passed := ticks[0].wall // the highest wall time that was shown or jumped past
	for _, t := range ticks[1:] {
		due := false
		if p.hourStar {
			due = p.matches(t.wall)
		} else {
			for ; passed < t.wall; passed++ {
				if wall := passed + 1; wall%60 == 0 && p.matches(wall) {
					due = true
				}
			}
		}
		if due {
			slots = append(slots, t.at)
		}
	}
	return slots
}
