package schedule

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// turn is a change of a made-up zone: from an instant on, an offset from UTC.
type turn struct{ at, offset int32 }

func (tn turn) String() string {
	return fmt.Sprintf("%s %+d", time.Unix(int64(tn.at), 0).UTC().Format(time.RFC3339), tn.offset)
}

// madeUpZone makes a zone that has one offset before its turns, as a file of RFC 9636,
// version 1.
func madeUpZone(t testing.TB, before int32, turns []turn) *time.Location {
	t.Helper()
	data := append([]byte("TZif"), make([]byte, 16)...)
	for _, count := range []int{0, 0, 0, len(turns), len(turns) + 1, 2} {
		data = binary.BigEndian.AppendUint32(data, uint32(count))
	}
	for _, tn := range turns {
		data = binary.BigEndian.AppendUint32(data, uint32(tn.at))
	}
	for i := range turns {
		data = append(data, byte(i+1))
	}
	for i := range len(turns) + 1 {
		offset := before
		if i > 0 {
			offset = turns[i-1].offset
		}
		data = binary.BigEndian.AppendUint32(data, uint32(offset))
		data = append(data, 0, 0)
	}
	zone, err := time.LoadLocationFromTZData("made-up", append(data, "X\x00"...))
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// The clock of a made-up zone changes several times in two days, by up to 26 hours. No
// real one did yet, but governments are free.
func TestNext_AgreesWithWalkInMadeUpZones(t *testing.T) {
	random := newRand(t)
	zones := 60
	if *walkAll {
		zones = 3000
	}
	anyOffset := func() int32 { return int32(random.IntN(26*4+1)-12*4) * 15 * minute }
	for range zones {
		start := yearStart(1970+random.IntN(60)) + random.Int64N(365)*day
		at := start + 4*hour
		before := anyOffset()
		var turns []turn
		for range 1 + random.IntN(5) {
			offset := anyOffset()
			if len(turns) > 0 && random.IntN(2) == 0 {
				offset = turns[len(turns)-1].offset + int32(random.IntN(9)-4)*30*minute
			}
			turns = append(turns, turn{int32(at), offset})
			at += (1 + random.Int64N(24*60)) * minute
		}
		zone := madeUpZone(t, before, turns)
		ticks := ticks(zone, start, at+30*hour)
		for range 4 {
			c := change{fmt.Sprintf("%+d %s", before, turns), zone, int64(turns[random.IntN(len(turns))].at)}
			text := randomSpec(random, c)
			slots := readPlain(text).walk(ticks)
			checkNext(t, mustParse(t, text), c, slots, start, ticks[len(ticks)-1].at, random)
		}
		if t.Failed() {
			return
		}
	}
}

// FuzzNext feeds Next with zones whose clocks no government could have thought of.
func FuzzNext(f *testing.F) {
	specs := strings.Split("* * * * *|30 2 * * *|0 */5 29 2 *|0 0 30 2 *|0 0 29 2 */6|0 0-5 1,31 * *", "|")
	f.Add([]byte("\x00\x10\x00\x00\x0e\x10\x00\x20\x00\x7f\xff\xff\x00\x00\x01\x80\x00\x00"), int64(1861833600), uint8(1))
	f.Add([]byte("\xff\xff\xff\x00\x00\x00\x00\x00\x01\xff\xff\xff"), int64(0), uint8(4))
	f.Fuzz(func(t *testing.T, data []byte, after int64, spec uint8) {
		// Six bytes are one turn: the time since the one before, and the offset, in seconds.
		var turns []turn
		at := int32(0)
		for ; len(data) >= 6 && len(turns) < 100; data = data[6:] {
			at += int32(data[0])<<16 | int32(data[1])<<8 | int32(data[2]) + 1
			offset := int32(data[3])<<24 | int32(data[4])<<16 | int32(data[5])<<8
			turns = append(turns, turn{at, offset >> 8})
		}
		s := mustParse(t, specs[int(spec)%len(specs)])
		from := time.Unix(after, 0)
		zone := madeUpZone(t, 0, turns)
		for range 3 {
			next := s.Next(from, zone)
			if next.IsZero() {
				return
			}
			if !next.After(from) {
				t.Fatalf("%q after %d: %s", s, after, next)
			}
			from = next
		}
	})
}
