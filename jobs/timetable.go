package jobs

import (
	"time"

	"github.com/understudy-go/understudy/jobs/schedule"
)

// Timetable knows the slots of a job.
type Timetable struct {
	schedules []schedule.Schedule
	at        time.Time
	zone      *time.Location
}

// Timetable returns the slots of a job in a group. An H in a schedule stands for a value
// that depends on the names of the group and the job only, so it is the same on each
// instance.
func (d Definition) Timetable(group string) (Timetable, error) {
	zone, err := LoadZone(d.Zone)
	if err != nil {
		return Timetable{}, err
	}
	t := Timetable{at: d.At, zone: zone}
	for _, text := range d.Schedules {
		s, err := schedule.Parse(text, group+"/"+d.Name)
		if err != nil {
			return Timetable{}, err
		}
		t.schedules = append(t.schedules, s)
	}
	return t, nil
}

// Next returns the first slot after an instant, in UTC. It is zero if there is none. It is
// about what the definition says of times: whether the job is disabled or paused, the
// caller has to ask.
func (t Timetable) Next(after time.Time) (next time.Time) {
	if t.at.After(after) {
		next = t.at.UTC()
	}
	for _, s := range t.schedules {
		if n := s.Next(after, t.zone); !n.IsZero() && (next.IsZero() || n.Before(next)) {
			next = n
		}
	}
	return next
}

// Zone returns the time zone of the schedules.
func (t Timetable) Zone() *time.Location { return t.zone }
