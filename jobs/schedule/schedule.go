package schedule

import "time"

// Schedule says when a job is due. Its values can be compared and shared. The zero
// Schedule never comes.
type Schedule struct {
	text  string
	every int64 // of @every, in seconds; zero: the fields count

	minutes uint64
	hours   uint32
	days    uint32 // of the month, from bit 1
	months  uint16 // from bit 1
	weekly  uint8  // days of the week, Sunday is bit 0

	showing bool // the hour field begins with *: the clock shows a match, as often as it does
	both    bool // a day field begins with *: a day has to match both fields, otherwise either
}

// The times that Next works with: the years 1 to 9999, in seconds since 1970.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// String returns the schedule as it was written.
func (s Schedule) String() string { return s.text }

// Next returns the first slot after an instant, in UTC, for a clock of the given zone. It
// returns the zero time if there is none before the year 10000. A nil zone is UTC.
func (s Schedule) Next(after time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	from := max(after.Unix(), firstSecond)
	if from >= lastSecond {
		return time.Time{}
	}
	var slot int64
	ok := true
	switch {
	case s.every > 0:
		slot = (floorDiv(from, s.every) + 1) * s.every
	case s.showing:
		slot, ok = s.nextShown(from, zone)
	default:
		slot, ok = s.nextPassed(from, zone)
	}
	if !ok || slot > lastSecond {
		return time.Time{}
	}
	return time.Unix(slot, 0).UTC()
}

// nextShown returns the first instant after from at which the clock shows a match.
func (s Schedule) nextShown(from int64, zone *time.Location) (int64, bool) {
	for at := from + 1; at <= lastSecond; {
		seg := segmentAt(at, zone)
		wall, ok := s.match(at + seg.offset)
		if !ok {
			return 0, false
		}
		if slot := wall - seg.offset; slot < seg.end {
			return slot, true
		}
		at = seg.end
	}
	return 0, false
}

// nextPassed returns the first instant after from at which the clock shows, or jumps past,
// a match that it has neither shown nor jumped past before.
func (s Schedule) nextPassed(from int64, zone *time.Location) (int64, bool) {
	// The latest wall time that the clock has shown up to from.
	at := from - farthest
	seg := segmentAt(at, zone)
	shown := min(seg.end-1, from) + seg.offset
	for seg.end <= from {
		at = seg.end
		seg = segmentAt(at, zone)
		shown = max(shown, min(seg.end-1, from)+seg.offset)
	}
	wall, ok := s.match(shown + 1)
	if !ok {
		return 0, false
	}

	// The first instant at which the clock has come as far as wall. It is not before far.
	if far := wall - farthest; far > seg.end {
		at = far
		seg = segmentAt(at, zone)
	}
	for {
		if at > from && at+seg.offset >= wall {
			return at, true
		}
		if slot := wall - seg.offset; slot < seg.end {
			return slot, true
		}
		at = seg.end
		if at > lastSecond {
			return 0, false
		}
		seg = segmentAt(at, zone)
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
