package schedule

import "time"

// farthest is more than what the clocks of two zones, or of one zone at two times, can
// differ by, in seconds: RFC 9636 allows offsets from -25 to 26 hours.
const farthest = 52 * 3600

// probe is how far segmentAt looks ahead where the zone does not say how far it may.
const probe = 3600

// segment is a span of time in which a zone keeps one offset from UTC. Inside it the
// clock runs evenly. The same offset may go on after its end.
type segment struct {
	offset int64 // seconds east of UTC
	end    int64 // the first second that is not in it any more
}

// segmentAt returns what is left of the segment that a second lies in. Its end always lies
// after at.
func segmentAt(at int64, zone *time.Location) segment {
	t := time.Unix(at, 0).In(zone)
	_, offset := t.Zone()
	seg := segment{offset: int64(offset)}
	_, end := t.ZoneBounds()
	if end.IsZero() {
		seg.end = lastSecond + 1 + farthest
		return seg
	}
	seg.end = end.Unix()
	if seg.end <= at {
		// On 31 December of a leap year ZoneBounds can give an end that is over (golang/go#81583).
		seg.end = probeEnd(at, seg.offset, zone)
	}
	return seg
}

// probeEnd returns the first second after at whose offset is another one, or the last one
// that it looked at.
func probeEnd(at, offset int64, zone *time.Location) int64 {
	same, end := at, at+probe
	if offsetAt(end, zone) == offset {
		return end
	}
	for end-same > 1 {
		middle := same + (end-same)/2
		if offsetAt(middle, zone) == offset {
			same = middle
		} else {
			end = middle
		}
	}
	return end
}

func offsetAt(at int64, zone *time.Location) int64 {
	_, offset := time.Unix(at, 0).In(zone).Zone()
	return int64(offset)
}
