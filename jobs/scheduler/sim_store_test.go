package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// simStore is the store of the simulated world. Each call is applied at one instant.
type simStore struct {
	jobs map[string]store.Job
	runs map[store.Key]store.Run
}

func newSimStore() *simStore {
	return &simStore{jobs: map[string]store.Job{}, runs: map[store.Key]store.Run{}}
}

// apply carries out a request of a holder and returns the answer.
func (s *simStore) apply(h store.Holder, r request) answer {
	a := answer{request: r}
	switch r.kind {
	case kindSeal:
		for name, j := range s.jobs {
			if j.Term > h.Term {
				a.err = store.ErrSuperseded
				return a
			}
			j.Term = h.Term
			s.jobs[name] = j
		}
		for k, run := range s.runs {
			if run.State == store.Waiting && run.Term < h.Term {
				run.Term, run.Instance = h.Term, h.Instance
				s.runs[k] = run
			}
		}
		a.jobs = s.listJobs()
	case kindJobs:
		a.jobs = s.listJobs()
	case kindOpen:
		a.runs = s.list(func(r store.Run) bool { return r.Open && (r.State != store.Waiting || r.Attempt > 0) })
	case kindDue:
		a.runs = s.list(func(run store.Run) bool {
			waits := run.State == store.Waiting && !slices.Contains(r.except, run.Job)
			if waits && run.Due.After(r.now) && (a.next.IsZero() || run.Due.Before(a.next)) {
				a.next = run.Due
			}
			return waits && !run.Due.After(r.now)
		})
	case kindClaim:
		for _, run := range r.runs {
			if there, ok := s.runs[run.Key]; ok {
				a.there = append(a.there, &there)
				continue
			}
			run.Term, run.Instance = h.Term, h.Instance
			s.runs[run.Key] = run
			a.there = append(a.there, nil)
		}
	case kindUpdate:
		a.stored, a.err = s.update(h, r.was, r.runs[0])
	case kindSave:
		for _, j := range r.jobs {
			stored, ok := s.jobs[j.Name]
			if ok && (stored.Term != h.Term || stored.Revision >= j.Revision) {
				continue
			}
			j.Term, j.Paused, j.Resumed = h.Term, stored.Paused, stored.Resumed
			s.jobs[j.Name] = j
		}
	}
	return a
}

func (s *simStore) update(h store.Holder, was store.Version, r store.Run) (*store.Run, error) {
	stored, ok := s.runs[r.Key]
	if !ok {
		return nil, store.ErrNoRun
	}
	if stored.Version() != was || stored.Term > h.Term {
		return &stored, store.ErrChanged
	}
	r.Cancel = stored.Cancel
	r.Term, r.Instance = h.Term, h.Instance
	s.runs[r.Key] = r
	return nil, nil
}

func (s *simStore) list(want func(store.Run) bool) (list []store.Run) {
	for _, r := range s.runs {
		if want(r) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b store.Run) int {
		return cmpOr(b.Priority-a.Priority, a.Due.Compare(b.Due), strings.Compare(a.Key.String(), b.Key.String()))
	})
	return list
}

func (s *simStore) listJobs() (list []store.Job) {
	for _, j := range s.jobs {
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b store.Job) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func cmpOr(values ...int) int {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}

// submit inserts a triggered run.
func (s *simStore) submit(job string, n int, at time.Time) {
	k := store.Key{Group: "g", Job: job, Run: fmt.Sprintf("k:%d", n)}
	s.runs[k] = store.Run{Key: k, Trigger: store.ByPerson, At: at, Due: at, State: store.Waiting, Open: true}
}

// cancel is a person's request to cancel a run.
func (s *simStore) cancel(k store.Key, at time.Time) {
	r, ok := s.runs[k]
	c := &store.Request{By: "somebody", At: at}
	switch {
	case !ok || r.State.Ended():
		return
	case r.State == store.Waiting:
		r.State, r.Open, r.EndedAt, r.Cancel = store.Cancelled, false, at, c
	default:
		r.Cancel = c
	}
	s.runs[k] = r
}

// pause pauses a job, or resumes it if it is paused.
func (s *simStore) pause(name string, at time.Time) {
	j, ok := s.jobs[name]
	if !ok {
		return
	}
	if j.Paused == nil {
		j.Paused = &store.Request{By: "somebody", At: at}
	} else {
		j.Paused, j.Resumed = nil, at
	}
	s.jobs[name] = j
}
