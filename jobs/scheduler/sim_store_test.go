package scheduler

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// simStore is the store of the simulated world. Each call is applied at one instant.
type simStore struct {
	w      *world
	jobs   map[string]store.Job
	runs   map[store.Key]store.Run
	open   map[store.Key]bool // which of the runs are open
	broken breakage

	sealed   int64                  // the latest term that was sealed
	retrying map[store.Key]simRetry // runs that wait for their next attempt
	failed   []store.Key            // runs that people can retry
	retried  int
	pruned   map[store.Key]bool
}

// simRetry is since when a run waits for its next attempt, and who decided that.
type simRetry struct {
	at     time.Duration
	term   int64
	person bool
}

func newSimStore(w *world, b breakage) *simStore {
	return &simStore{
		w: w, broken: b, jobs: map[string]store.Job{}, runs: map[store.Key]store.Run{}, open: map[store.Key]bool{},
		retrying: map[store.Key]simRetry{}, pruned: map[store.Key]bool{},
	}
}

// apply carries out a request of a holder and returns the answer.
func (s *simStore) apply(h store.Holder, r request) answer {
	a := answer{request: r}
	switch r.kind {
	case kindSeal:
		a.jobs, a.err = s.seal(h)
	case kindJobs:
		a.jobs = s.listJobs()
	case kindOpen:
		known := r.known
		a.runs = s.list(func(r store.Run) bool {
			return r.Open && r.State != store.Waiting && r.Term <= h.Term && !slices.Contains(known, r.Key)
		})
		slices.SortStableFunc(a.runs, func(a, b store.Run) int { return int(a.Term - b.Term) })
		a.runs = a.runs[:min(r.limit, len(a.runs))]
	case kindRetrying:
		a.retrying = map[string]string{}
		for k := range s.open {
			if r := s.runs[k]; r.State == store.Waiting && r.Attempt > 0 {
				a.retrying[k.Job] = max(a.retrying[k.Job], k.Run)
			}
		}
	case kindRun:
		if run, ok := s.runs[r.key]; ok {
			a.stored = &run
		} else {
			a.err = store.ErrNoRun
		}
	case kindDue, kindStrays:
		a.runs = s.list(func(run store.Run) bool {
			waits := run.State == store.Waiting && run.Term <= h.Term && !slices.Contains(r.except, run.Job)
			if waits && run.Due.After(r.now) && (a.next.IsZero() || run.Due.Before(a.next)) {
				a.next = run.Due
			}
			return waits && !run.Due.After(r.now)
		})
		a.runs = a.runs[:min(r.limit, len(a.runs))]
	case kindClaim, kindChildren:
		for _, run := range r.runs {
			if there, ok := s.runs[run.Key]; ok {
				a.there = append(a.there, &there)
				continue
			}
			run.Term, run.Instance = h.Term, h.Instance
			s.put(run)
			s.w.checkInsert(run)
			a.there = append(a.there, nil)
		}
	case kindUpdate:
		a.stored, a.err = s.update(h, r.was, r.runs[0])
	case kindSave:
		a.err = s.save(h, r.jobs)
	case kindPrune:
		a.pruned = s.prune(r)
	}
	return a
}

func (s *simStore) seal(h store.Holder) ([]store.Job, error) {
	for name, j := range s.jobs {
		if j.Term < h.Term && s.broken != noSeal {
			j.Term = h.Term
		}
		s.jobs[name] = j
	}
	for k := range s.open {
		if run := s.runs[k]; run.State == store.Waiting && run.Term < h.Term && s.broken != noSeal {
			run.Term, run.Instance = h.Term, h.Instance
			s.put(run)
		}
	}
	s.sealed = max(s.sealed, h.Term)
	list, err := s.listJobs(), error(nil)
	return slices.DeleteFunc(list, func(j store.Job) bool {
		later := h.NoLaterJob(j)
		err = cmp.Or(err, store.LeftOut(later))
		return later != nil
	}), err
}

func (s *simStore) save(h store.Holder, list []store.Job) (err error) {
	var left error
	for _, j := range list {
		stored, ok := s.jobs[j.Name]
		if ok && stored.Term > h.Term {
			left = store.LeftOut(h.NoLaterJob(stored))
			continue
		}
		if ok && stored.Term == h.Term && stored.Revision >= j.Revision {
			err = store.ErrChanged
			continue
		}
		if h.Term < s.sealed && ok {
			s.w.fail("term %d has saved the job %s in term %d", h.Term, j.Name, s.sealed)
		}
		j.Term, j.Paused, j.Resumed = h.Term, stored.Paused, stored.Resumed
		s.jobs[j.Name] = j
	}
	return cmp.Or(err, left)
}

func (s *simStore) update(h store.Holder, was store.Version, r store.Run) (*store.Run, error) {
	stored, ok := s.runs[r.Key]
	if !ok {
		return nil, store.ErrNoRun
	}
	changed := stored.Version() != was || stored.Term > h.Term
	if s.broken == updateAnyTerm {
		changed = stored.State != was.State || stored.Attempt != was.Attempt
	}
	if s.broken == updateAnyAttempt {
		changed = stored.State != was.State || stored.Term > h.Term
	}
	if changed {
		return &stored, store.ErrChanged
	}
	r.Cancel = stored.Cancel
	r.Term, r.Instance = h.Term, h.Instance
	s.put(r)
	s.w.checkUpdate(h, stored, r)
	if r.State == store.Waiting {
		s.retrying[r.Key] = simRetry{at: s.w.now, term: h.Term}
	}
	if r.State.Retryable() && !r.Open {
		s.failed = append(s.failed, r.Key)
	}
	return nil, nil
}

func (s *simStore) prune(r request) (n int) {
	mark := s.jobs[r.key.Job].Mark
	var old []store.Run
	for _, run := range s.runs {
		late := r.prunable.Spares(run) || run.Slot.After(mark)
		if s.broken == pruneAboveMark {
			late = false
		}
		if run.Job == r.key.Job && run.State.Ended() && !run.Open && !late {
			old = append(old, run)
		}
	}
	slices.SortFunc(old, func(a, b store.Run) int { return b.At.Compare(a.At)*2 + strings.Compare(b.Run, a.Run) })
	for i := len(old) - 1; i >= r.prunable.Keep && n < r.limit; i-- {
		delete(s.runs, old[i].Key)
		s.pruned[old[i].Key] = true
		n++
	}
	return n
}

func (s *simStore) put(r store.Run) {
	s.runs[r.Key] = r
	if r.Open {
		s.open[r.Key] = true
	} else {
		delete(s.open, r.Key)
	}
}

// list returns the open runs that are wanted, in the order of the queue.
func (s *simStore) list(want func(store.Run) bool) (list []store.Run) {
	for k := range s.open {
		if r := s.runs[k]; want(r) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b store.Run) int { return inQueue(&a, &b) })
	return list
}

func (s *simStore) listJobs() (list []store.Job) {
	for _, j := range s.jobs {
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b store.Job) int { return strings.Compare(a.Name, b.Name) })
	return list
}
