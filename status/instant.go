package status

import "time"

// Instant shows an instant in UTC: the time of day, and before it the date if that is
// not the date of now. It returns "–" for zero.
func Instant(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t, now = t.UTC(), now.UTC()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// between returns the time from a to b, or 0 if b is before a: a clock may have been
// set back.
func between(a, b time.Time) Seconds { return Seconds(max(b.Sub(a), 0)) }

// sane returns the nearest instant that can be shown, for a record may hold any. Zero
// stays zero.
func sane(t time.Time) time.Time {
	first, last := time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	switch {
	case t.IsZero():
		return time.Time{}
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t.UTC()
}
