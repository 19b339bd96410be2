package scheduler

import (
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// define takes the definitions of the jobs.
func (m *machine) define(list []Job) {
	for _, j := range m.jobs {
		j.defined = false
	}
	for _, d := range list {
		j := m.job(d.Name)
		j.Job, j.defined, j.hash = d, true, d.Hash()
		j.reckonNext()
	}
	m.calls.of(kindDue).wanted = true
}

// job returns what is known of the job of a name.
func (m *machine) job(name string) *job {
	j := m.jobs[name]
	if j == nil {
		j = &job{}
		j.Name = name
		m.jobs[name] = j
	}
	return j
}

// reckonNext finds the slot after the mark.
func (j *job) reckonNext() {
	j.nextSlot = time.Time{}
	if j.defined && !j.Disabled && !j.record.Mark.IsZero() {
		j.nextSlot = j.Next(j.record.Mark)
	}
}

// sealed takes the records over. From here on no earlier holder changes them.
func (m *machine) sealed(list []store.Job) {
	for _, r := range list {
		j := m.job(r.Name)
		j.record, j.stored = r, r.Hash
		j.reckonNext()
	}
	for _, j := range m.jobs {
		j.known = true
	}
	m.phase = reading
}

// readJobs takes what people decided about jobs.
func (m *machine) readJobs(list []store.Job) {
	for _, r := range list {
		j := m.job(r.Name)
		j.record.Paused, j.record.Resumed = r.Paused, r.Resumed
	}
}

// updateRecords brings the records up to date with the definitions. A definition that is
// new begins now: nothing of the past is run because of it.
func (m *machine) updateRecords() {
	if !m.clock.settled() {
		return
	}
	now := m.now()
	for _, name := range m.names() {
		j := m.jobs[name]
		r := &j.record
		if !j.defined {
			if r.Name != "" && !r.Gone {
				r.Gone, r.Next, j.dirty = true, time.Time{}, true
			}
			continue
		}
		if r.Name == "" || r.Hash != j.hash || r.Gone {
			if r.Name != "" {
				m.act(note{fact: factRedefined, job: name})
			}
			r.Group, r.Name, r.Hash, r.Since, r.Mark, r.Gone = m.holder.Group, name, j.hash, now, now, false
			j.dirty = true
			j.reckonNext()
		}
		if r.Mark.After(now.Add(clockStep)) {
			m.act(note{fact: factMarkAhead, job: name, text: r.Mark.Format(time.RFC3339)})
			r.Mark, j.dirty = now, true
			j.reckonNext()
		}
		schedule := strings.Join(j.Schedules, "; ")
		if !j.At.IsZero() {
			schedule = j.At.Format(time.RFC3339)
		}
		if r.Schedule != schedule || r.Zone != j.Zone || r.Description != j.Description || !r.Next.Equal(j.nextSlot) {
			r.Schedule, r.Zone, r.Description, r.Next, j.dirty = schedule, j.Zone, j.Description, j.nextSlot, true
		}
	}
}

// saveJobs saves the records that changed.
func (m *machine) saveJobs() {
	c := m.calls.of(kindSave)
	if !c.ready(m.local) {
		return
	}
	var list []store.Job
	for _, name := range m.names() {
		j := m.jobs[name]
		if j.dirty && j.known && j.record.Name != "" && len(list) < store.MaxPage {
			j.record.Revision++
			j.dirty = false
			list = append(list, j.record)
		}
	}
	if len(list) > 0 {
		c.begin()
		m.act(request{kind: kindSave, jobs: list})
	}
}

// savedJobs takes note of what is stored.
func (m *machine) savedJobs(list []store.Job) {
	for _, r := range list {
		m.jobs[r.Name].stored = r.Hash
	}
}

// saveFailed has the jobs saved again whose save may have failed.
func (m *machine) saveFailed(list []store.Job) {
	for _, r := range list {
		m.jobs[r.Name].dirty = true
	}
}

// blocked returns the jobs of which no waiting run can start now.
func (m *machine) blocked() (names []string) {
	for _, name := range m.names() {
		if j := m.jobs[name]; !j.defined || !j.allows() && m.busy(name) {
			names = append(names, name)
		}
	}
	return slices.Clip(names)
}
