package jobs

import (
	"testing"
	"time"
)

func TestTimetable_MergesSchedules(t *testing.T) {
	table, err := Definition{Name: "a", Schedules: []string{"30 2 * * *", "0 */12 * * *", "30 2 * * 1"}, Zone: "Europe/Berlin"}.Timetable("g")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 1, 3, 22, 59, 59, 0, time.UTC) // a Sunday
	for _, want := range []string{"2027-01-03T23:00:00Z", "2027-01-04T01:30:00Z", "2027-01-04T11:00:00Z", "2027-01-04T23:00:00Z"} {
		if at = table.Next(at); at.Format(time.RFC3339) != want {
			t.Errorf("got %v, want %s", at, want)
		}
	}
}

func TestTimetable_OfOneInstant(t *testing.T) {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600))
	table, err := Definition{Name: "a", At: at}.Timetable("g")
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Next(at.Add(-1)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("got %v, want %v in UTC", got, at)
	}
	if got := table.Next(at); !got.IsZero() {
		t.Errorf("after it: %v", got)
	}
}

func TestTimetable_HDependsOnGroupAndJob(t *testing.T) {
	minutes := map[string]bool{}
	next := func(group, job string) string {
		table, err := Definition{Name: job, Schedules: []string{"H H * * *"}}.Timetable(group)
		if err != nil {
			t.Fatal(err)
		}
		return table.Next(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)).Format("15:04")
	}
	if one, other := next("g", "a"), next("g", "a"); one != other {
		t.Errorf("two instances disagree: %s, %s", one, other)
	}
	for _, group := range []string{"g", "h", "i"} {
		for _, job := range []string{"a", "b", "c"} {
			minutes[next(group, job)] = true
		}
	}
	if len(minutes) < 6 {
		t.Errorf("nine jobs share %d times", len(minutes))
	}
}
