package store

import (
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// Stored returns a run as a backend writes it: with the schema of this program, instants
// in milliseconds, texts for people cut to MaxRemark, and the last MaxAttempts attempts.
// It returns ErrTooLarge or the error of Check if the run cannot be written.
func (r Run) Stored() (Run, error) {
	r.Schema = Schema
	r.Slot, r.At, r.Due, r.EndedAt = Instant(r.Slot), Instant(r.At), Instant(r.Due), Instant(r.EndedAt)
	r.By, r.RetriedBy, r.Remark = registry.Clip(r.By), registry.Clip(r.RetriedBy), registry.Clip(r.Remark)
	r.Trigger = Trigger(registry.Clip(string(r.Trigger)))
	r.Progress = r.Progress.Stored()
	r.Cancel = r.Cancel.Stored()
	if len(r.Parent) > MaxParent {
		return Run{}, fmt.Errorf("%w: run %.200q: the name of its parent has %d bytes, want up to %d", ErrTooLarge, r.Key.String(), len(r.Parent), MaxParent)
	}
	if !printable(r.Parent) {
		return Run{}, fmt.Errorf("%w: run %.200q: parent is %.100q, want JOB/RUN", registry.ErrCorrupt, r.Key.String(), r.Parent)
	}
	attempts := r.Attempts
	r.Attempts = nil
	for _, a := range attempts[max(0, len(attempts)-MaxAttempts):] {
		r.Attempts = append(r.Attempts, a.Stored())
	}
	for _, part := range []struct {
		name  string
		value *[]byte
		most  int
	}{
		{"result", &r.Result, MaxResult},
		{"beginning of the output", &r.Output.Head, MaxHead},
		{"end of the output", &r.Output.Tail, MaxTail},
	} {
		if err := CheckSize(part.name, *part.value, part.most); err != nil {
			return Run{}, fmt.Errorf("run %.200q: %w", r.Key.String(), err)
		}
		if len(*part.value) == 0 {
			*part.value = nil
		}
	}
	r.Output.Bytes = max(r.Output.Bytes, 0)
	if err := r.Check(); err != nil {
		return Run{}, err
	}
	return r, nil
}

// Parent returns the name of a parent as a backend reads it: empty if it is not one that
// can be stored again. No decision rests on it.
func Parent(stored string) string {
	if len(stored) > MaxParent || !printable(stored) {
		return ""
	}
	return stored
}

// CheckSize returns ErrTooLarge if a value has more bytes than it may have.
func CheckSize(name string, value []byte, most int) error {
	if len(value) > most {
		return fmt.Errorf("%w: the %s has %d bytes, want up to %d", ErrTooLarge, name, len(value), most)
	}
	return nil
}

// Stored returns an attempt as a backend writes it.
func (a Attempt) Stored() Attempt {
	a.Host, a.End = registry.Clip(a.Host), AttemptEnd(registry.Clip(string(a.End)))
	a.From, a.To = Instant(a.From), Instant(a.To)
	return a
}

// Stored returns a progress as a backend writes it.
func (p Progress) Stored() Progress {
	return Progress{Percent: min(max(p.Percent, 0), 100), Text: registry.Clip(p.Text), At: Instant(p.At)}
}

// Stored returns a request as a backend writes it.
func (q *Request) Stored() *Request {
	if q == nil {
		return nil
	}
	return &Request{By: registry.Clip(q.By), Why: registry.Clip(q.Why), At: Instant(q.At)}
}

// Stored returns a job as a backend writes it, or the error of Check.
func (j Job) Stored() (Job, error) {
	j.Schema = Schema
	j.Mark, j.Since, j.Next, j.Resumed = Instant(j.Mark), Instant(j.Since), Instant(j.Next), Instant(j.Resumed)
	j.Digest = registry.Clip(j.Digest)
	j.Hash, j.Schedule, j.Zone, j.Description = registry.Clip(j.Hash), registry.Clip(j.Schedule), registry.Clip(j.Zone), registry.Clip(j.Description)
	j.Paused = j.Paused.Stored()
	if err := j.Check(); err != nil {
		return Job{}, err
	}
	return j, nil
}

// Bounded returns how many records a call returns that was asked for up to limit.
func Bounded(limit int) int { return min(max(limit, 0), MaxPage) }

// Somebody is who asked for something, where that is not known.
const Somebody = "somebody"

// Retried is the remark of a run that a person has made wait again.
func Retried(by string) string {
	if by == "" {
		return "retried"
	}
	return registry.Clip("retried by " + by)
}
