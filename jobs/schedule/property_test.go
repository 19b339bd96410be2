package schedule

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var (
	walkAll  = flag.Bool("walk.all", false, "compare all changes of clocks from 1970 to 2100 with the walk, not only some")
	walkSeed = flag.Uint64("walk.seed", 0, "the seed of the random schedules; 0: another one in each run")
)

// newRand returns a source of randomness whose seed is printed.
func newRand(t *testing.T) *rand.Rand {
	seed := *walkSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("again with: go test -run '^%s$' -walk.seed=%d", strings.ReplaceAll(t.Name(), "/", "$/^"), seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// change is a change of a zone's clock.
type change struct {
	name string
	zone *time.Location
	at   int64
}

// changes finds the changes of the painful zones by looking at every day, without
// ZoneBounds. It adds the days on which ZoneBounds errs.
func changes(load func(string) *time.Location, from, to int) []change {
	var all []change
	for _, name := range painfulZones {
		zone := load(name)
		offset := func(at int64) int {
			_, o := time.Unix(at, 0).In(zone).Zone()
			return o
		}
		for year := from; year < to; year++ {
			start, end := yearStart(year), yearStart(year+1)
			for at := start; at < end; at += day {
				if offset(at) == offset(at+day) {
					continue
				}
				low, high := at, at+day
				for high-low > 1 {
					if middle := (low + high) / 2; offset(middle) == offset(at) {
						low = middle
					} else {
						high = middle
					}
				}
				all = append(all, change{name, zone, high})
			}
			if daysIn(int64(year), 2) == 29 {
				all = append(all, change{name, zone, end - day/2})
			}
		}
	}
	return all
}

func yearStart(year int) int64 { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix() }

func TestNext_AgreesWithWalkAroundChangesOfClocks(t *testing.T) {
	eachZoneData(t, func(t *testing.T, load func(string) *time.Location) {
		random := newRand(t)
		all := changes(load, 1970, 2100)
		specs, number := 4, 160
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if *walkAll {
			specs, number = 12, len(all)
		}
		var slots int
		for _, c := range all[:number] {
			// 30 hours before, because a clock that was turned back earlier still counts then.
			ticks := ticks(c.zone, c.at-30*hour, c.at+27*hour)
			for range specs {
				slots += compare(t, random, c, randomSpec(random, c), ticks)
			}
			if t.Failed() {
				return
			}
		}
		t.Logf("%d of %d changes, %d slots", number, len(all), slots)
	})
}

func TestNext_AgreesWithWalkOverAYear(t *testing.T) {
	eachZoneData(t, func(t *testing.T, load func(string) *time.Location) {
		random := newRand(t)
		years := 1
		if *walkAll {
			years = 40
		}
		for range years {
			name := painfulZones[random.IntN(len(painfulZones))]
			zone := load(name)
			start := yearStart(1973 + random.IntN(127))
			ticks := ticks(zone, start, start+365*day)
			for range 4 {
				c := change{name, zone, start + 30*hour + random.Int64N(363*day)}
				text := randomSpec(random, c)
				slots := readPlain(text).walk(ticks)
				checkNext(t, mustParse(t, text), c, slots, start+27*hour, ticks[len(ticks)-1].at, random)
			}
			if t.Failed() {
				return
			}
		}
	})
}

// compare compares Next with the walk around a change and returns the number of slots.
func compare(t *testing.T, random *rand.Rand, c change, text string, ticks []tick) int {
	slots := readPlain(text).walk(ticks)
	checkNext(t, mustParse(t, text), c, slots, c.at-3*hour, ticks[len(ticks)-1].at, random)
	return len(slots)
}

// checkNext expects the slots that lie after a first instant, up to a last one.
func checkNext(t *testing.T, s Schedule, c change, slots []int64, first, last int64, random *rand.Rand) {
	check := func(after int64) {
		at := time.Unix(after, random.Int64N(1e9)*random.Int64N(2))
		got := s.Next(at, c.zone)
		for _, want := range slots {
			if want > after {
				if got.Unix() != want {
					t.Errorf("%q in %s after %s: %s, but the walk finds %s", s, c.name, inZone(after, c.zone), inZone(got.Unix(), c.zone), inZone(want, c.zone))
				}
				return
			}
		}
		if !got.IsZero() && got.Unix() <= last {
			t.Errorf("%q in %s after %s: %s, but the walk finds none up to %s", s, c.name, inZone(after, c.zone), inZone(got.Unix(), c.zone), inZone(last, c.zone))
		}
	}
	check(c.at - 1)
	check(c.at)
	check(c.at + 1)
	for range 8 {
		check(first + random.Int64N(last-first))
	}
	steps := 0
	for _, slot := range slots {
		if slot > first && steps < 40 {
			check(slot)
			check(slot - 1)
			steps++
		}
	}
}

func inZone(at int64, zone *time.Location) string {
	t := time.Unix(at, 0)
	return fmt.Sprintf("%s (%s)", t.UTC().Format(time.RFC3339), t.In(zone).Format("Mon 2006-01-02 15:04:05 -07:00"))
}

// randomSpec makes up a schedule that has something to do around a change of clocks.
func randomSpec(random *rand.Rand, c change) string {
	near := time.Unix(c.at+random.Int64N(6*hour)-3*hour, 0).In(c.zone)
	pick := func(choices ...string) string { return choices[random.IntN(len(choices))] }
	span := func(low, high int) string {
		from := low + random.IntN(high-low)
		return fmt.Sprintf("%d-%d", from, from+1+random.IntN(high-from))
	}
	step := func(high int) string { return fmt.Sprintf("*/%d", 1+random.IntN(high)) }
	number := func(low, high int) string { return fmt.Sprint(low + random.IntN(high-low+1)) }
	around := func(v, low, high int) string { return fmt.Sprint(min(max(v+random.IntN(3)-1, low), high)) }

	minute := pick("*", step(59), number(0, 59), "0", "30", "0,30", "*/7", span(0, 59), number(0, 59)+","+number(0, 59), "0-58/2")
	hour := pick("*", "*", "*/2", "*/3", step(23), around(near.Hour(), 0, 23), fmt.Sprint(near.Hour()), "0", "23", "2", "0-23", span(0, 23), span(0, 22)+","+number(0, 23))
	dom := pick("*", "*", "*", "*/2", around(near.Day(), 1, 31), span(1, 31), number(1, 31), "31", "29-31", "1")
	month := pick("*", "*", "*", strings.ToLower(near.Month().String()[:3]), fmt.Sprint(int(near.Month())), span(1, 12), step(11))
	dow := pick("*", "*", "*", strings.ToLower(near.Weekday().String()[:3]), around(int(near.Weekday()), 0, 7), "fri-sun", "*/2", "7", "1-5", "sat,sun")
	return strings.Join([]string{minute, hour, dom, month, dow}, " ")
}
