package schedule

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestNext_Reports(t *testing.T) {
	for _, c := range []struct{ text, zone, after, want string }{
		{"*/20 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z"},
		{"*/20 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z"},
		{"0 12 * * *", "Europe/Berlin", "2027-10-30T22:00:00Z", "2027-10-31T11:00:00Z"},
		{"0 12 * * *", "Europe/Berlin", "2027-10-31T11:00:00Z", "2027-11-01T11:00:00Z"},
		{"0 2 * * 6", "America/Chicago", "2026-10-31T07:00:00Z", "2026-11-07T08:00:00Z"},
		{"0 9 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T09:00:00Z"},
		{"0 0 30 2 *", "UTC", "2026-03-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		{"0 0 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", "2011-12-30T10:00:00Z"},
	} {
		s, err := Parse(c.text, "")
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		after, _ := time.Parse(time.RFC3339, c.after)
		if got := s.Next(after, zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%q in %s after %s: %s, want %s", c.text, c.zone, c.after, got, c.want)
		}
	}
}
