package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
)

// timeOf returns an instant of the day on which the tests are.
func timeOf(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2027, 1, 1, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
}

func slotNext(t testing.TB, d jobs.Definition) func(time.Time) time.Time {
	t.Helper()
	table, err := d.Timetable("g")
	if err != nil {
		t.Fatal(err)
	}
	return table.Next
}

// show writes a plan in short: what missed its time, | what is on time, - what is left
// out, @ the mark.
func (p slotPlan) show() string {
	var b strings.Builder
	for _, s := range p.missed {
		fmt.Fprint(&b, s.Format("15:04:05 "))
	}
	b.WriteString("|")
	for _, s := range p.onTime {
		fmt.Fprint(&b, s.Format(" 15:04:05"))
	}
	if p.left.count > 0 {
		fmt.Fprintf(&b, " - %d from %s to %s", p.left.count, p.left.first.Format("15:04:05"), p.left.last.Format("15:04:05"))
		if p.left.more {
			b.WriteString(" and more")
		}
	}
	return b.String() + p.mark.Format(" @ 15:04:05")
}

func TestPlanSlots(t *testing.T) {
	for _, tt := range []struct {
		name      string
		schedule  string
		missed    jobs.Missed
		within    time.Duration
		mark, now string
		want      string
	}{
		{"nothing has come", "0 * * * *", jobs.Missed{}, 0, "10:00:00", "10:59:59", "| @ 10:00:00"},
		{"a slot at its instant", "0 * * * *", jobs.Missed{}, 0, "10:00:00", "11:00:00", "| 11:00:00 @ 11:00:00"},
		{"at the end of its time", "0 * * * *", jobs.Missed{}, 0, "10:00:00", "11:01:30", "| 11:00:00 @ 11:00:00"},
		{"after its time, once", "0 * * * *", jobs.Missed{}, 0, "10:00:00", "11:01:31", "11:00:00 | @ 11:00:00"},
		{"after its time, skip", "0 * * * *", jobs.Missed{Policy: jobs.MissedSkip}, 0, "10:00:00", "11:01:31", "| - 1 from 11:00:00 to 11:00:00 @ 11:00:00"},
		{"once is the latest", "0 * * * *", jobs.Missed{}, 0, "10:00:00", "14:30:00", "14:00:00 | - 3 from 11:00:00 to 13:00:00 @ 14:00:00"},
		{"all", "0 * * * *", jobs.Missed{Policy: jobs.MissedAll}, 0, "10:00:00", "13:30:00", "11:00:00 12:00:00 13:00:00 | @ 13:00:00"},
		{"all within the limit", "0 * * * *", jobs.Missed{Policy: jobs.MissedAll, Limit: 2}, 0, "10:00:00", "14:30:00", "13:00:00 14:00:00 | - 2 from 11:00:00 to 12:00:00 @ 14:00:00"},
		{"all within the window", "0 * * * *", jobs.Missed{Policy: jobs.MissedAll, Window: 2 * time.Hour}, 0, "10:00:00", "14:30:00", "13:00:00 14:00:00 | - 2 from 11:00:00 to 12:00:00 @ 14:00:00"},
		{"missed ones and one on time", "0 * * * *", jobs.Missed{}, 0, "10:00:00", "14:01:00", "13:00:00 | 14:00:00 - 2 from 11:00:00 to 12:00:00 @ 14:00:00"},
		{"several on time", "@every 20s", jobs.Missed{}, time.Minute, "10:00:00", "10:01:00", "| 10:00:20 10:00:40 10:01:00 @ 10:01:00"},
		{"on time for longer than the window", "0 * * * *", jobs.Missed{Policy: jobs.MissedSkip, Window: time.Minute}, 2 * time.Hour, "10:00:00", "12:30:00", "| 11:00:00 12:00:00 @ 12:00:00"},
		{"more on time than may run", "@every 1s", jobs.Missed{Policy: jobs.MissedSkip}, time.Hour, "10:00:00", "10:20:00",
			""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := jobs.Definition{Name: "j", Schedules: []string{tt.schedule}, Missed: tt.missed, StartWithin: tt.within}.WithDefaults(time.Minute, 10*time.Second)
			p := planSlots(d, slotNext(t, d), timeOf(t, tt.mark), timeOf(t, tt.now))
			if tt.want == "" {
				if len(p.onTime) != maxOnTime || p.left.count != 200 || !p.mark.Equal(timeOf(t, tt.now)) {
					t.Errorf("%d on time, %d left out, mark %v", len(p.onTime), p.left.count, p.mark)
				}
				return
			}
			if got := p.show(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPlanSlots_WalksALongOutageInBoundedTime(t *testing.T) {
	d := jobs.Definition{Name: "j", Schedules: []string{"@every 1s"}, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 1000}}.WithDefaults(time.Minute, 10*time.Second)
	next, steps := slotNext(t, d), 0
	now := timeOf(t, "10:00:00")
	p := planSlots(d, func(at time.Time) time.Time { steps++; return next(at) }, now.AddDate(-30, 0, 0), now)
	if steps > 20*maxWalk {
		t.Errorf("%d steps", steps)
	}
	if len(p.missed) != 1000 || len(p.onTime) != 91 || !p.left.more || !p.mark.Equal(now) {
		t.Errorf("%d missed, %d on time, more left out: %v, mark %v", len(p.missed), len(p.onTime), p.left.more, p.mark)
	}
}
