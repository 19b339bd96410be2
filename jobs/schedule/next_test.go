package schedule

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// TestNext_NamedCases has the cases that users of other systems reported, and one for each
// kind of change of clocks. Each case gives the slots that follow an instant.
func TestNext_NamedCases(t *testing.T) {
	for _, c := range []struct {
		text, zone, after string
		want              []string
	}{
		// The clock goes forward: the wall times that it jumps past are one slot, at the jump.
		{"*/20 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", []string{"2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z", "2027-03-29T00:20:00Z"}},
		{"30 2 * * *", "Antarctica/Troll", "2027-03-27T12:00:00Z", []string{"2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"}},
		{"0 0 * * *", "Africa/Cairo", "2027-04-29T00:00:00Z", []string{"2027-04-29T22:00:00Z", "2027-04-30T21:00:00Z"}},
		{"30 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", []string{"2018-11-04T03:00:00Z", "2018-11-05T02:30:00Z"}},
		{"15 2 * * *", "Australia/Lord_Howe", "2027-10-02T00:00:00Z", []string{"2027-10-02T15:30:00Z", "2027-10-03T15:15:00Z"}},
		{"30 2,3 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", []string{"2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z"}},
		{"0 2,3 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", []string{"2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z"}},

		// The clock goes back: each wall time comes once, the first time.
		{"30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", []string{"2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"}},
		{"30 2 * * *", "Europe/Berlin", "2027-10-31T01:10:00Z", []string{"2027-11-01T01:30:00Z"}},
		{"30 2 * * *", "Antarctica/Troll", "2027-10-30T12:00:00Z", []string{"2027-10-31T00:30:00Z", "2027-11-01T02:30:00Z"}},
		{"30 2 * * *", "Antarctica/Troll", "2027-10-31T02:20:00Z", []string{"2027-11-01T02:30:00Z"}},
		{"0 1 * * *", "Antarctica/Casey", "2023-03-08T17:30:00Z", []string{"2023-03-09T17:00:00Z"}},
		{"45 1 * * *", "Australia/Lord_Howe", "2027-04-03T00:00:00Z", []string{"2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"}},
		{"0 3 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", []string{"2027-10-31T02:00:00Z", "2027-11-01T02:00:00Z"}},
		{"59 2 31 10 *", "Europe/Berlin", "2027-10-31T00:59:00Z", []string{"2028-10-31T01:59:00Z"}},
		{"0 2 * * 6", "America/Chicago", "2026-10-31T07:00:00Z", []string{"2026-11-07T08:00:00Z"}},
		{"*/20 0-23 * * *", "Europe/Berlin", "2027-10-31T00:20:00Z", []string{"2027-10-31T00:40:00Z", "2027-10-31T02:00:00Z"}},

		// What lies away from the change is where it always is.
		{"0 12 * * *", "Europe/Berlin", "2027-10-30T22:00:00Z", []string{"2027-10-31T11:00:00Z", "2027-11-01T11:00:00Z"}},
		{"0 12 * * *", "Australia/Lord_Howe", "2027-10-02T01:30:00Z", []string{"2027-10-03T01:00:00Z", "2027-10-04T01:00:00Z"}},
		{"0 12 * * *", "Australia/Lord_Howe", "2027-04-03T01:00:00Z", []string{"2027-04-04T01:30:00Z"}},

		// An hour field that begins with *: whenever the clock shows a match.
		{"*/30 * * * *", "Europe/Berlin", "2027-03-28T00:30:00Z", []string{"2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z"}},
		{"*/30 * * * *", "Europe/Berlin", "2027-10-31T00:00:00Z", []string{"2027-10-31T00:30:00Z", "2027-10-31T01:00:00Z", "2027-10-31T01:30:00Z", "2027-10-31T02:00:00Z"}},
		{"0 */2 * * *", "Europe/Berlin", "2027-10-30T22:00:00Z", []string{"2027-10-31T00:00:00Z", "2027-10-31T01:00:00Z", "2027-10-31T03:00:00Z"}},
		{"0 */2 * * *", "Europe/Berlin", "2027-03-27T23:00:00Z", []string{"2027-03-28T02:00:00Z"}},
		{"@hourly", "Australia/Lord_Howe", "2027-04-03T14:00:00Z", []string{"2027-04-03T15:30:00Z", "2027-04-03T16:30:00Z"}},

		// Days that never were, and offsets with seconds.
		{"0 6 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", []string{"2011-12-29T16:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T16:00:00Z"}},
		{"0 6 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", []string{"2011-12-30T10:00:00Z", "2012-12-29T16:00:00Z"}},
		{"0 * 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", []string{"2012-12-29T10:00:00Z"}},
		{"0 12 21 8 *", "Pacific/Kwajalein", "1993-08-01T00:00:00Z", []string{"1993-08-21T12:00:00Z", "1994-08-21T00:00:00Z"}},
		{"44 0 * * *", "Africa/Monrovia", "1972-01-06T12:00:00Z", []string{"1972-01-07T00:44:30Z", "1972-01-08T00:44:00Z"}},
		{"* * * * *", "Africa/Monrovia", "1972-01-07T00:42:30Z", []string{"1972-01-07T00:43:30Z", "1972-01-07T00:45:00Z"}},
		{"30 2 * * *", "Africa/Casablanca", "2027-02-06T12:00:00Z", []string{"2027-02-07T01:30:00Z", "2027-02-08T02:30:00Z"}},
		{"30 2 * * *", "Africa/Casablanca", "2027-03-13T12:00:00Z", []string{"2027-03-14T02:00:00Z", "2027-03-15T01:30:00Z"}},

		// Rare days.
		{"0 9 29 2 *", "UTC", "2096-03-01T00:00:00Z", []string{"2104-02-29T09:00:00Z", "2108-02-29T09:00:00Z"}},
		{"0 9 29 2 *", "America/New_York", "2096-03-01T00:00:00Z", []string{"2104-02-29T14:00:00Z"}},
		{"0 9 29 2 *", "UTC", "1996-03-01T00:00:00Z", []string{"2000-02-29T09:00:00Z", "2004-02-29T09:00:00Z"}},
		{"0 9 29 2 */7", "UTC", "2088-02-29T09:00:00Z", []string{"2128-02-29T09:00:00Z"}},
		{"0 9 */28 2 */7", "UTC", "2088-03-01T00:00:00Z", []string{"2093-02-01T09:00:00Z", "2099-02-01T09:00:00Z"}},
		{"0 9 31 4,12 *", "UTC", "2027-01-01T00:00:00Z", []string{"2027-12-31T09:00:00Z", "2028-12-31T09:00:00Z"}},
		{"0 0 30 2 *", "Europe/Berlin", "2027-01-01T00:00:00Z", []string{"0001-01-01T00:00:00Z"}},
		{"0 * 31 4,6,9,11 *", "Europe/Berlin", "2027-01-01T00:00:00Z", []string{"0001-01-01T00:00:00Z"}},
		{"0 9 30 2 mon", "UTC", "2027-01-01T00:00:00Z", []string{"2027-02-01T09:00:00Z", "2027-02-08T09:00:00Z"}},

		// Both days: either, unless one of the fields begins with *.
		{"0 0 13 * fri", "UTC", "2027-08-05T00:00:00Z", []string{"2027-08-06T00:00:00Z", "2027-08-13T00:00:00Z", "2027-08-20T00:00:00Z", "2027-08-27T00:00:00Z", "2027-09-03T00:00:00Z", "2027-09-10T00:00:00Z", "2027-09-13T00:00:00Z"}},
		{"0 0 */2 * 1", "UTC", "2027-08-01T00:00:00Z", []string{"2027-08-09T00:00:00Z", "2027-08-23T00:00:00Z", "2027-09-13T00:00:00Z"}},
		{"0 0 1-31/2 * 1", "UTC", "2027-08-01T00:00:00Z", []string{"2027-08-02T00:00:00Z", "2027-08-03T00:00:00Z", "2027-08-05T00:00:00Z"}},
		{"0 0 13 * */5", "UTC", "2027-08-05T00:00:00Z", []string{"2027-08-13T00:00:00Z", "2028-02-13T00:00:00Z"}},

		// Multiples of an interval since 1970, whatever the zone.
		{"@every 2s", "Pacific/Apia", "2027-01-01T00:00:00.9Z", []string{"2027-01-01T00:00:02Z", "2027-01-01T00:00:04Z"}},
		{"@every 7m", "Europe/Berlin", "1970-01-01T00:00:00Z", []string{"1970-01-01T00:07:00Z"}},
		{"@every 7m", "UTC", "1969-12-31T23:59:59Z", []string{"1970-01-01T00:00:00Z"}},
		{"@every 7m", "UTC", "1969-12-31T23:52:00Z", []string{"1969-12-31T23:53:00Z"}},
		{"@every 1h30m", "Asia/Kathmandu", "2027-01-01T00:00:00Z", []string{"2027-01-01T01:30:00Z"}},
	} {
		s, zone, after := mustParse(t, c.text), mustLoad(t, c.zone), mustTime(t, c.after)
		for _, want := range c.want {
			got := s.Next(after, zone)
			if got.Format(time.RFC3339) != want {
				t.Errorf("%q in %s after %s: %s, want %s", c.text, c.zone, after.Format(time.RFC3339Nano), got.Format(time.RFC3339), want)
				break
			}
			after = got
		}
	}
}

func TestNext_MinutelyJobHasNoHoleInNewYork(t *testing.T) {
	zone := mustLoad(t, "America/New_York")
	for _, text := range []string{"* * * * *", "*/1 */1 * * *"} {
		s := mustParse(t, text)
		for _, day := range []string{"2027-03-14T00:00:00Z", "2027-11-07T00:00:00Z"} {
			at := mustTime(t, day)
			for end := at.Add(24 * time.Hour); at.Before(end); {
				next := s.Next(at, zone)
				if next.Sub(at) != time.Minute {
					t.Fatalf("%q: after %s comes %s", text, at, next)
				}
				at = next
			}
		}
	}
}

func TestNext_TakesAnyInstantAndZone(t *testing.T) {
	s := mustParse(t, "30 2 * * *")
	after := time.Date(2027, 6, 1, 0, 0, 0, 0, time.FixedZone("", -3*3600))
	if got := s.Next(after, nil); !got.Equal(mustTime(t, "2027-06-02T02:30:00Z")) || got.Location() != time.UTC {
		t.Errorf("without a zone: %s", got)
	}
	if got := s.Next(time.Time{}, time.UTC); got.Year() != 1 {
		t.Errorf("after the zero time: %s", got)
	}
	if got := (Schedule{}).Next(after, time.UTC); !got.IsZero() {
		t.Errorf("the zero schedule comes at %s", got)
	}
	for _, text := range []string{"0 0 1 1 *", "0 * 1 1 *", "@every 8760h"} {
		if got := mustParse(t, text).Next(mustTime(t, "9999-12-30T12:00:00Z"), time.UTC); !got.IsZero() {
			t.Errorf("%q comes after the year 9999, at %s", text, got)
		}
	}
	extremes := []time.Time{time.Unix(1<<62, 0), time.Unix(-1<<62, 0), time.Unix(1<<63-1, 0), time.Unix(-1<<63, 0),
		time.Unix(lastSecond, 0), time.Unix(lastSecond-1, 0), time.Unix(firstSecond, 0)}
	zones := []*time.Location{time.UTC, mustLoad(t, "America/New_York"), mustLoad(t, "Pacific/Apia"),
		time.FixedZone("", 1<<31-1), time.FixedZone("", -1<<31), time.FixedZone("", 100*3600), time.FixedZone("", -100*3600)}
	for _, text := range []string{"* * * * *", "30 2 * * *", "0 0 29 2 *", "0 */5 30 2 *", "@every 8760h"} {
		s := mustParse(t, text)
		for _, zone := range zones {
			for _, after := range extremes {
				if got := s.Next(after, zone); !got.IsZero() && !got.After(after) {
					t.Errorf("%q in %s after %d: %s", text, zone, after.Unix(), got)
				}
			}
		}
	}
}

func TestNext_ConstantOffsetsOfAnySize(t *testing.T) {
	after := mustTime(t, "2027-06-01T12:00:00Z")
	for _, offset := range []int{0, 1, -1, 59, 3600, -12 * 3600, 26 * 3600, 100 * 3600, -100 * 3600} {
		zone := time.FixedZone("", offset)
		for _, text := range []string{"30 2 * * *", "30 */2 * * *"} {
			got := mustParse(t, text).Next(after, zone)
			local := got.In(zone)
			longest := 24 * time.Hour
			if local.Minute() != 30 || local.Second() != 0 || local.Hour()%2 != 0 || got.Sub(after) <= 0 || got.Sub(after) > longest {
				t.Errorf("%q at offset %d: %s", text, offset, local)
			}
		}
	}
}

func mustParse(t testing.TB, text string) Schedule {
	t.Helper()
	s, err := Parse(text, "group/job")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustLoad(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func mustTime(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
