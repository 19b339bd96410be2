package public

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/registry"
)

const (
	perPage   = 50             // jobs
	groupRuns = 400            // latest runs of the group that one read returns
	day       = 24 * time.Hour // how far back a timeline goes
	maxFilter = 100            // bytes
	maxPages  = store.MaxJobs / perPage
)

// Question says which jobs somebody wants to see.
type Question struct {
	Job    string // this one alone; empty for all
	Filter string // those that have this in their name or description
	Page   int    // from 0
}

// Check returns what is wrong with a question, if something is.
func (q Question) Check() error {
	switch {
	case q.Job != "" && store.CheckJob(q.Job) != nil:
		return store.CheckJob(q.Job)
	case len(q.Filter) > maxFilter:
		return fmt.Errorf("filter: want %d bytes at most", maxFilter)
	case q.Page < 0 || q.Page > maxPages:
		return fmt.Errorf("page %d: want a number from 0 to %d", q.Page, maxPages)
	}
	return nil
}

// latest is what was read last of the whole group.
type latest struct {
	at     time.Time
	jobs   []store.Job
	queue  map[string]store.Queue
	runs   map[string][]store.Run // of each job, the last made first
	whole  bool                   // these are all runs of the group
	unread bool
	err    error
}

// history is the latest runs of a job.
type history struct {
	at     time.Time
	runs   []store.Run
	unread bool
}

// readable tells an error about records that cannot be understood, beside which there is an
// answer, from other errors.
func readable(err error) (unread bool, other error) {
	if registry.Unreadable(err) {
		return true, nil
	}
	return false, err
}

// current returns what is known of the whole group, and reads it if that is too old.
func (r *Reader) current(ctx context.Context, s store.Asking) latest {
	now := r.now()
	if age := now.Sub(r.latest.at); r.latest.at.IsZero() || age < 0 || age >= keep/2 {
		r.latest = read(ctx, s, r.group, now)
	}
	return r.latest
}

func read(ctx context.Context, s store.Asking, group string, now time.Time) latest {
	l := latest{at: now, runs: map[string][]store.Run{}}
	note := func(err error) {
		unread, other := readable(err)
		l.unread = l.unread || unread
		if l.err == nil {
			l.err = other
		}
	}
	var err error
	if l.jobs, err = s.Jobs(ctx, group); err != nil {
		note(err)
	}
	if l.err != nil || len(l.jobs) == 0 {
		return l
	}
	if l.queue, err = s.Queue(ctx, group, now); err != nil {
		note(err)
	}
	if l.err != nil {
		return l
	}
	page, err := s.Runs(ctx, group, store.Filter{Limit: groupRuns})
	if err != nil {
		note(err)
	}
	l.whole = err == nil && len(page) < groupRuns
	for _, run := range page {
		if len(l.runs[run.Job]) < view.RecentRuns {
			l.runs[run.Job] = append(l.runs[run.Job], run)
		}
	}
	return l
}

// list returns a page of the group's jobs.
func (r *Reader) list(ctx context.Context, s store.Asking, q Question) (any, error) {
	l := r.current(ctx, s)
	if l.err != nil {
		return nil, l.err
	}
	jobs, page := l.choose(q)
	if q.Job != "" && len(jobs) == 0 {
		return nil, ErrNoSuchJob
	}
	page.Group, page.At, page.Unread, page.Jobs = r.group, l.at.UTC(), l.unread, make([]Job, len(jobs))
	for i, j := range jobs {
		v := ofJob(j, l.queue[j.Name])
		runs, whole, unread := r.runs(ctx, s, j.Name)
		for _, run := range runs {
			v.Runs = append(v.Runs, barOf(run))
		}
		v.Partial = !whole
		page.Unread = page.Unread || unread
		page.Jobs[i] = v
	}
	return page, nil
}

// choose returns the jobs of the page that a question names.
func (l latest) choose(q Question) ([]store.Job, Jobs) {
	match, wanted := l.jobs, strings.ToLower(q.Filter)
	if q.Job != "" || wanted != "" {
		match = nil
		for _, j := range l.jobs {
			if q.Job == j.Name || q.Job == "" && (strings.Contains(j.Name, wanted) || strings.Contains(strings.ToLower(j.Description), wanted)) {
				match = append(match, j)
			}
		}
	}
	pages := max((len(match)+perPage-1)/perPage, 1)
	page := min(q.Page, pages-1)
	from := page * perPage
	return match[from:min(from+perPage, len(match))], Jobs{Total: len(l.jobs), Matching: len(match), Page: page, Pages: pages}
}

// runs returns the latest runs of a job. Those that the group's latest runs do not contain
// are read for this job alone, and remembered. If too many have been read in this while,
// whole is false.
func (r *Reader) runs(ctx context.Context, s store.Asking, job string) (runs []store.Run, whole, unread bool) {
	fresh := r.latest.runs[job]
	if r.latest.whole || len(fresh) >= view.RecentRuns {
		return fresh, true, false
	}
	now := r.now()
	h, known := r.histories[job]
	if !known || now.Sub(h.at) >= keepHistory || now.Before(h.at) {
		if r.reads > 0 && ctx.Err() == nil && (known || len(r.histories) < maxHistories) {
			r.reads--
			found, err := s.Runs(ctx, r.group, store.Filter{Job: job, Limit: view.RecentRuns})
			if unread, err := readable(err); err == nil {
				h, known = history{now, found, unread}, true
				r.histories[job] = h
			}
		}
	}
	merged := slices.Clone(fresh)
	for _, old := range h.runs {
		if !slices.ContainsFunc(fresh, func(run store.Run) bool { return run.Key == old.Key }) {
			merged = append(merged, old)
		}
	}
	return merged[:min(len(merged), view.RecentRuns)], known, h.unread
}

// timeline returns the attempts of the jobs of a page.
func (r *Reader) timeline(ctx context.Context, s store.Asking, q Question) (any, error) {
	l := r.current(ctx, s)
	if l.err != nil {
		return nil, l.err
	}
	jobs, _ := l.choose(q)
	shown := map[string]bool{}
	for _, j := range jobs {
		shown[j.Name] = true
	}
	now := r.now()
	t := Timeline{At: now.UTC(), Since: store.Instant(now.Add(-day)), Spans: []Span{}}
	found, err := s.Runs(ctx, r.group, store.Filter{Job: q.Job, Since: t.Since, Limit: store.MaxPage})
	if _, err := readable(err); err != nil {
		return nil, err
	}
	if len(found) == store.MaxPage {
		t.Since = store.Instant(found[len(found)-1].At)
	}
	for _, run := range found {
		if shown[run.Job] {
			t.Spans = append(t.Spans, spansOf(run)...)
		}
	}
	// Runs that were made before, and still go on.
	for _, runs := range l.runs {
		for _, run := range runs {
			if run.State == store.Processing && run.At.Before(t.Since) && shown[run.Job] {
				t.Spans = append(t.Spans, spansOf(run)...)
			}
		}
	}
	return t, nil
}
