package metrics

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	// successLimit bounds how many of a job's last completed runs are read. They are in the
	// order in which they were asked for, and an older one may have ended later.
	successLimit = 10
	// successReads bounds how many jobs are looked up at a time, and successTime how long that
	// takes: a scrape has two seconds. The next read goes on.
	successReads = 50
	successTime  = 500 * time.Millisecond
)

// JobsState is what the records say of a group's jobs.
type JobsState struct {
	Term int64     // whose holder read it; 0: this instance is passive, and nothing is shown
	At   time.Time // when it was read, by the registry's clock
	// Jobs has the jobs of the records by their names, whether they are in the file or not.
	Jobs map[string]JobState
}

// JobState is what the records say of a job.
type JobState struct {
	Next    time.Time // the next slot; zero if there is none, or the job is paused
	Paused  bool
	Waiting int       // runs that are due and wait
	Oldest  time.Time // when the oldest of them was due
}

// ReadJobs reads the state of the group's jobs for the holder of a term, at an instant of
// the registry's clock. Without a term it reads nothing. It also reads when each job
// completed last, once in a term and for some of the jobs at a time. It must not be called
// concurrently: see status.Lookout.
func (m *Metrics) ReadJobs(ctx context.Context, from store.Asking, term int64, at time.Time) (JobsState, error) {
	if term <= 0 {
		return JobsState{}, nil
	}
	list, err := from.Jobs(ctx, m.group)
	if err != nil && !registry.Unreadable(err) {
		return JobsState{}, err
	}
	queues, err := from.Queue(ctx, m.group, at)
	if err != nil && !registry.Unreadable(err) {
		return JobsState{}, err
	}
	state := JobsState{Term: term, At: at, Jobs: make(map[string]JobState, len(list))}
	for _, j := range list {
		s := JobState{Paused: j.Paused != nil, Next: j.Next}
		if s.Paused {
			s.Next = time.Time{} // no slot is claimed, so it would seem overdue
		}
		state.Jobs[j.Name] = s
	}
	for name, q := range queues {
		s := state.Jobs[name]
		s.Waiting, s.Oldest = q.Waiting, q.Oldest
		state.Jobs[name] = s
	}
	m.readSuccesses(ctx, from, term)
	return state, nil
}

// readSuccesses reads when the jobs completed last whose records were not read in this
// term. The last completed runs of the group tell it of most jobs at once. An error ends
// it, and the next call goes on.
func (m *Metrics) readSuccesses(ctx context.Context, from store.Asking, term int64) {
	begin := time.Now()
	missing, first := m.jobs.missing(term)
	if len(missing) == 0 {
		return
	}
	filter := store.Filter{States: []store.State{store.Completed}, Limit: store.MaxPage}
	if first {
		runs, err := from.Runs(ctx, m.group, filter)
		if err != nil && !registry.Unreadable(err) {
			return
		}
		m.jobs.found(runs)
		missing, _ = m.jobs.missing(term)
	}
	filter.Limit = successLimit
	for _, filter.Job = range missing[:min(len(missing), successReads)] {
		if time.Since(begin) > successTime {
			return
		}
		runs, err := from.Runs(ctx, m.group, filter)
		if err != nil && !registry.Unreadable(err) {
			return
		}
		m.jobs.found(runs, filter.Job)
	}
}

// missing returns the jobs with a label of their own whose last success is not known yet
// in a term. It forgets what is known of another term, since another instance may have
// been active meanwhile. It reports whether nothing was read in this term.
func (j *jobs) missing(term int64) (names []string, first bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.term != term {
		clear(j.success)
		clear(j.known)
		j.term, j.read = term, false
	}
	for _, name := range slices.Sorted(maps.Keys(j.labels)) {
		if j.own(name) && !j.known[name] {
			names = append(names, name)
		}
	}
	return names, !j.read
}

// found takes completed runs that were read, and the names of jobs that have no others.
func (j *jobs) found(runs []store.Run, names ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.read = true
	for _, r := range runs {
		j.completed(r)
		names = append(names, r.Job)
	}
	for _, name := range names {
		if j.own(name) {
			j.known[name] = true
		}
	}
}
