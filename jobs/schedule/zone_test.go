package schedule

import (
	"testing"
	"time"
)

// On 31 December of some leap years ZoneBounds gives an end that is over: with the data
// that Go embeds from 2028 on, with that of Debian from 2040 on (golang/go#81583).
func TestNext_ZoneBoundsThatAreOver(t *testing.T) {
	eachZoneData(t, func(t *testing.T, load func(string) *time.Location) {
		over := map[int]bool{}
		for _, name := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Nuuk"} {
			zone := load(name)
			for year := 2024; year < 2100; year += 4 {
				for at := time.Date(year, 12, 30, 23, 7, 0, 0, time.UTC); at.Year() == year; at = at.Add(time.Hour) {
					local := at.In(zone)
					if _, end := local.ZoneBounds(); !end.IsZero() && !end.After(at) {
						over[year] = true
					}
					y, m, d := local.Date()
					midnight := time.Date(y, m, d+1, 0, 0, 0, 0, zone)
					newYear := time.Date(y+1, 1, 1, 0, 0, 0, 0, zone)
					february := time.Date(y, m+2, 1, 0, 0, 0, 0, zone)
					if m == time.January {
						february = time.Date(y, 2, 1, 0, 0, 0, 0, zone)
					}
					july := february.AddDate(0, 5, 0)
					for text, want := range map[string]time.Time{
						"* * * * *": at.Add(time.Minute),
						"0 0 * * *": midnight,
						"0 0 1 1 *": newYear,
						"0 * 1 2 *": february,
						"0 * 1 7 *": july,
						"0 0 1 7 *": july,
					} {
						if got := mustParse(t, text).Next(at, zone); !got.Equal(want) {
							t.Errorf("%q in %s after %s: %s, want %s", text, name, at, got, want)
						}
					}
				}
			}
		}
		t.Logf("ZoneBounds gives an end that is over on 31 December of %d of 19 leap years from 2024 on; 2028: %t, 2040: %t", len(over), over[2028], over[2040])
	})
}

func TestProbeEnd_FindsTheChange(t *testing.T) {
	zone := mustLoad(t, "Europe/Berlin")
	change := mustTime(t, "2027-03-28T01:00:00Z").Unix()
	for before, want := range map[int64]int64{
		1:         change,
		7:         change,
		probe - 1: change,
		probe:     change,
		2 * probe: change - probe,
	} {
		at := change - before
		if got := probeEnd(at, offsetAt(at, zone), zone); got != want {
			t.Errorf("%d s before the change: %d s from it, want %d", before, got-change, want-change)
		}
	}
	if got := probeEnd(change, offsetAt(change, zone), zone); got != change+probe {
		t.Errorf("at the change: %d s from it, want %d", got-change, int64(probe))
	}
}
