package view

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	// RecentRuns is how many of a job's latest runs [ReadJobs] looks at.
	RecentRuns = 20
	// maxReads bounds how many jobs ReadJobs asks for one by one, and atOnce how many of
	// them at a time.
	maxReads = 200
	atOnce   = 4
)

// ReadJobs returns the jobs of a group with what is known of their runs. Records that
// cannot be understood are left out, and Unread says so.
//
// It asks a bounded number of times: for the latest runs of the group, and then for those
// of the jobs that have few or none among them. In a group with hundreds of busy jobs,
// some may have a streak that is too short, or no last run.
func ReadJobs(ctx context.Context, s store.Asking, group string, now time.Time) (Jobs, error) {
	jobs, badJobs := s.Jobs(ctx, group)
	if badJobs != nil && !registry.Unreadable(badJobs) {
		return Jobs{}, badJobs
	}
	queue, badQueue := s.Queue(ctx, group, now)
	if badQueue != nil && !registry.Unreadable(badQueue) {
		return Jobs{}, badQueue
	}
	recent, badRuns := recentRuns(ctx, s, group, jobs)
	if badRuns != nil && !registry.Unreadable(badRuns) {
		return Jobs{}, badRuns
	}
	list := Jobs{Group: group, Jobs: make([]Job, len(jobs)), Unread: unread(errors.Join(badJobs, badQueue, badRuns))}
	for i, j := range jobs {
		v := OfJob(j)
		v.Waiting, v.Oldest = queue[j.Name].Waiting, store.Instant(queue[j.Name].Oldest)
		v.setRuns(recent[j.Name])
		list.Jobs[i] = v
	}
	return list, nil
}

// recentRuns returns the latest runs of each job, the last made first.
func recentRuns(ctx context.Context, s store.Asking, group string, jobs []store.Job) (map[string][]store.Run, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	page, bad := s.Runs(ctx, group, store.Filter{Limit: store.MaxPage})
	if bad != nil && !registry.Unreadable(bad) {
		return nil, bad
	}
	recent := map[string][]store.Run{}
	for _, r := range page {
		if r.State != store.Waiting && len(recent[r.Job]) < RecentRuns { // a queue may be long
			recent[r.Job] = append(recent[r.Job], r)
		}
	}
	if len(page) < store.MaxPage && bad == nil {
		return recent, nil // the page has all runs of the group
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, name := range fewest(jobs, recent) {
		g.Go(func() error {
			runs, err := latest(ctx, s, group, name)
			if err != nil && !registry.Unreadable(err) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			recent[name] = runs
			if bad == nil {
				bad = err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return recent, bad
}

// latest returns the latest runs of a job, the last made first. If all of them wait, it
// asks for those that do not; no index has these in order.
func latest(ctx context.Context, s store.Asking, group, job string) ([]store.Run, error) {
	runs, err := s.Runs(ctx, group, store.Filter{Job: job, Limit: RecentRuns})
	if len(runs) < RecentRuns || err != nil || slices.ContainsFunc(runs, func(r store.Run) bool { return r.State != store.Waiting }) {
		return runs, err
	}
	begun := slices.DeleteFunc(slices.Clone(store.States), func(s store.State) bool { return s == store.Waiting })
	return s.Runs(ctx, group, store.Filter{Job: job, States: begun, Limit: RecentRuns})
}

// fewest returns the names of the jobs of which not enough runs are known, those without
// any first, at most maxReads.
func fewest(jobs []store.Job, recent map[string][]store.Run) []string {
	var none, few []string
	for _, j := range jobs {
		switch n := len(recent[j.Name]); {
		case n == 0:
			none = append(none, j.Name)
		case n < RecentRuns:
			few = append(few, j.Name)
		}
	}
	names := append(none, few...)
	return names[:min(len(names), maxReads)]
}

// setRuns takes the latest runs of a job, the last made first.
func (j *Job) setRuns(runs []store.Run) {
	over := false // whether the streak has been counted
	for _, r := range runs {
		if r.State == store.Processing && j.Current == nil {
			j.Current = new(OfRun(r))
		}
		if !r.State.Ended() {
			continue
		}
		if j.Last == nil {
			j.Last = new(OfRun(r))
		}
		over = over || r.State != j.Last.Status
		if !over {
			j.Streak++
		}
	}
}

// ReadRuns returns a page of a group's runs. Records that cannot be understood are left
// out, and Unread says so.
func ReadRuns(ctx context.Context, s store.Asking, group string, f store.Filter) (Runs, error) {
	runs, bad := s.Runs(ctx, group, f)
	if bad != nil && !registry.Unreadable(bad) {
		return Runs{}, bad
	}
	page := Runs{Group: group, Runs: make([]Run, len(runs)), Unread: unread(bad)}
	for i, r := range runs {
		page.Runs[i] = OfRun(r)
	}
	if n := len(runs); n > 0 && n >= store.Bounded(f.Limit) {
		page.Before = Cursor(runs[n-1])
	}
	return page, nil
}
