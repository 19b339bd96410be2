package scheduler

import (
	"errors"
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
		m.reckonNext(j)
	}
	m.changed = true
	m.readDue()
}

// job returns what is known of the job of a name.
func (m *machine) job(name string) *job {
	j := m.jobs[name]
	if j == nil {
		j = &job{known: m.phase != sealing}
		j.Name = name
		m.jobs[name] = j
	}
	return j
}

// reckonNext finds the slot after the mark.
func (m *machine) reckonNext(j *job) {
	j.nextSlot, m.soonest = time.Time{}, time.Time{}
	if j.defined && !j.Disabled && !j.record.Mark.IsZero() {
		j.nextSlot = j.Next(j.record.Mark)
	}
	m.changed = true // what people see of it
}

// sealed takes the records over. From here on no earlier holder changes them.
func (m *machine) sealed(list []store.Job) {
	m.phase = reading
	m.calls.want(kindOpen)
	for _, r := range list {
		j := m.job(r.Name)
		j.record, j.stored = r, r.Hash
		m.reckonNext(j)
	}
	for _, j := range m.jobs {
		j.known = true
	}
}

// readJobs takes what people decided about jobs.
func (m *machine) readJobs(list []store.Job) {
	for _, r := range list {
		j := m.job(r.Name)
		switch {
		case r.Term > m.holder.Term: // the answer to a save names it
			continue
		case j.record.Name == "": // of a job that is not in the file
			if !j.defined {
				j.record, j.stored = r, r.Hash
			}
			continue
		case r.Term == m.holder.Term:
			j.record.Revision = max(j.record.Revision, r.Revision)
		}
		if (j.record.Paused == nil) != (r.Paused == nil) || !j.record.Resumed.Equal(r.Resumed) {
			m.soonest = time.Time{}
		}
		j.record.Paused, j.record.Resumed = r.Paused, r.Resumed
	}
}

// updateRecords brings the records up to date with the definitions. A definition that is
// new begins now: nothing of the past is run because of it.
func (m *machine) updateRecords() {
	if !m.changed || !m.clock.settled() {
		return
	}
	now := m.now()
	for _, j := range m.sorted() {
		m.updateRecord(j, now)
	}
	m.changed = false
}

func (m *machine) updateRecord(j *job, now time.Time) {
	r := &j.record
	if !j.defined {
		if r.Name != "" && !r.Gone {
			r.Gone, r.Since, r.Next = true, now, time.Time{}
			m.dirty(j)
		}
		return
	}
	if r.Name == "" || r.Hash != j.hash || r.Gone {
		if r.Name != "" {
			m.act(note{fact: factRedefined, job: j.Name})
		}
		r.Group, r.Name, r.Schema, r.Hash, r.Since, r.Mark, r.Gone = m.holder.Group, j.Name, store.Schema, j.hash, now, now, false
		m.reckonNext(j)
		m.dirty(j)
	}
	if r.Mark.After(now.Add(clockStep)) {
		m.act(note{fact: factMarkAhead, job: j.Name, text: store.SlotID(r.Mark)})
		r.Mark = now
		if r.Since.After(now) {
			r.Since = now
		}
		m.reckonNext(j)
		m.dirty(j)
	}
	schedule := strings.Join(j.Schedules, "; ")
	if !j.At.IsZero() {
		schedule = store.SlotID(j.At)
	}
	zone := j.Zone
	if r.Schedule != schedule || r.Zone != zone || r.Description != j.Description || r.Digest != j.Digest || !r.Next.Equal(j.nextSlot) {
		r.Schedule, r.Zone, r.Description, r.Digest, r.Next = schedule, zone, j.Description, j.Digest, j.nextSlot
		m.dirty(j)
	}
}

// dirty has the record of a job saved.
func (m *machine) dirty(j *job) {
	if !j.dirty {
		j.dirty = true
		m.unsaved++
	}
}

// saveJobs saves the records that changed. Each save has a new revision, so that one
// whose answer was lost changes nothing if it arrives late.
func (m *machine) saveJobs() {
	if m.unsaved == 0 || !m.calls.of(kindSave).ready(m.local) {
		return
	}
	var list []store.Job
	for _, j := range m.sorted() {
		if j.dirty && j.known && j.record.Name != "" && len(list) < store.MaxPage {
			j.record.Revision++
			j.dirty = false
			m.unsaved--
			list = append(list, j.record)
		}
	}
	if len(list) > 0 {
		m.ask(request{kind: kindSave, jobs: list})
	}
}

// savedJobs takes note of what is stored.
func (m *machine) savedJobs(list []store.Job) {
	for _, r := range list {
		m.jobs[r.Name].stored = r.Hash
	}
	m.soonest = time.Time{}
}

// saveFailed has the jobs saved again whose save may have failed. If one of them has a
// higher revision already, it is read before.
func (m *machine) saveFailed(list []store.Job, err error) {
	for _, r := range list {
		m.dirty(m.jobs[r.Name])
	}
	if errors.Is(err, store.ErrChanged) {
		m.calls.want(kindJobs)
	}
}
