package scheduler

import (
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// submit inserts a triggered run.
func (s *simStore) submit(job string, n, priority int, at time.Time) {
	k := store.Key{Group: "g", Job: job, Run: fmt.Sprintf("k:%d", n)}
	s.put(store.Run{Key: k, Trigger: store.ByPerson, At: at, Due: at, Priority: priority, State: store.Waiting, Open: true})
}

// cancel is a person's request to cancel a run.
func (s *simStore) cancel(k store.Key, at time.Time) {
	r, ok := s.runs[k]
	c := &store.Request{By: "somebody", At: at}
	switch {
	case !ok || r.State.Ended():
		return
	case r.State == store.Waiting:
		r.State, r.EndedAt, r.Cancel = store.Cancelled, at, c
	case r.Cancel == nil:
		r.Cancel = c
		s.w.cancels[k] = s.w.now
	}
	s.put(r)
}

// retry is a person's request to run a run again.
func (s *simStore) retry(k store.Key, at time.Time) bool {
	r, ok := s.runs[k]
	if !ok || !r.State.Retryable() || r.Open {
		return false
	}
	r.State, r.Open, r.Due, r.EndedAt, r.Cancel = store.Waiting, true, at, time.Time{}, nil
	delete(s.w.cancels, k)
	r.Failures, r.Interruptions, r.RetriedBy = 0, 0, store.Somebody
	s.retried++
	s.retrying[k] = simRetry{at: s.w.now, person: true}
	s.put(r)
	return true
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
