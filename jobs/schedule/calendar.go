package schedule

import "math/bits"

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// searchYears is for how many years match searches a day. The rarest days are a 29
// February that is a given day of the week: up to 40 years apart, around 2100.
const searchYears = 41

// match returns the first wall time from a given one on that matches the fields, both in
// seconds since 1970 as the clock shows them.
func (s Schedule) match(wall int64) (int64, bool) {
	if s.minutes == 0 || s.hours == 0 {
		return 0, false
	}
	date := floorDiv(wall, day)
	clock := (wall - date*day + minute - 1) / minute // the next full minute of that day
	found, ok := s.matchDay(date)
	if !ok {
		return 0, false
	}
	if found == date {
		if m, ok := s.matchMinute(int(clock)); ok {
			return date*day + int64(m)*minute, true
		}
		if found, ok = s.matchDay(date + 1); !ok {
			return 0, false
		}
	}
	first := bits.TrailingZeros32(s.hours)*60 + bits.TrailingZeros64(s.minutes)
	return found*day + int64(first)*minute, true
}

// matchMinute returns the first minute of the day from a given one on that matches.
func (s Schedule) matchMinute(from int) (int, bool) {
	h, m := from/60, from%60
	if h > 23 {
		return 0, false
	}
	if s.hours>>h&1 != 0 {
		if rest := s.minutes >> m; rest != 0 {
			return h*60 + m + bits.TrailingZeros64(rest), true
		}
	}
	rest := s.hours >> (h + 1)
	if rest == 0 {
		return 0, false
	}
	h += 1 + bits.TrailingZeros32(rest)
	return h*60 + bits.TrailingZeros64(s.minutes), true
}

// matchDay returns the first day from a given one on that matches, both in days since 1970.
func (s Schedule) matchDay(from int64) (int64, bool) {
	year, month, dom := civil(from)
	for last := year + searchYears; year <= last; year++ {
		for ; month <= 12; month++ {
			if s.months>>month&1 != 0 {
				first := from - int64(dom-1)
				if days := s.daysOf(year, month, first) >> dom; days != 0 {
					return from + int64(bits.TrailingZeros32(days)), true
				}
			}
			from += int64(daysIn(year, month) - dom + 1)
			dom = 1
		}
		month = 1
	}
	return 0, false
}

// daysOf returns the matching days of a month, from bit 1, whose first day is given in days
// since 1970.
func (s Schedule) daysOf(year int64, month int, first int64) uint32 {
	const everyWeek = 1 | 1<<7 | 1<<14 | 1<<21 | 1<<28
	weekday := int(first+4) % 7 // 1970-01-01 was a Thursday
	if weekday < 0 {
		weekday += 7
	}
	week := uint32(s.weekly) | uint32(s.weekly)<<7
	fromWeek := (week >> weekday & 0x7f) * everyWeek << 1
	days := s.days | fromWeek
	if s.both {
		days = s.days & fromWeek
	}
	return days & (1<<(daysIn(year, month)+1) - 2)
}

func daysIn(year int64, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// civil returns the date of a day given in days since 1970, in the Gregorian calendar. It
// counts in eras of 400 years that begin on 1 March, so that the leap day is the last one.
func civil(days int64) (year int64, month, dom int) {
	days += 719468
	era := floorDiv(days, 146097)
	d := days - era*146097
	y := (d - d/1460 + d/36524 - d/146096) / 365
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153
	dom = int(d - (153*m+2)/5 + 1)
	month = int(m) + 3
	year = era*400 + y
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, dom
}
