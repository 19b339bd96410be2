package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	namesFor = 2 * time.Second // how long a job that was there is taken to be still there
	maxNames = 100             // of a problem
)

// names are the jobs that the registry had a moment ago, so that not each of many triggers
// reads all of them.
type names struct {
	mu      sync.Mutex
	current []string // those in the file of the last active instance, in their order
	terms   map[string]int64
	read    time.Time
}

// term returns the term in which the record of a job was written last; 0 if it is not known.
func (n *names) term(job string) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.terms[job]
}

// has reports whether there was a job of this name a moment ago.
func (n *names) has(job string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, found := slices.BinarySearch(n.current, job)
	return found && now.Sub(n.read) < namesFor
}

func (n *names) set(current []string, terms map[string]int64, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.current, n.terms, n.read = current, terms, now
}

// wantJob returns the problem that there is no such job, with the names that exist. A job
// that is in no file any more is one only if gone is true: it has a record and runs, but
// nobody would start another one.
func (c *call) wantJob(ctx context.Context, gone bool) error {
	h := c.h
	if h.names.has(c.key.Job, h.now()) {
		return nil
	}
	jobs, err := c.store.Jobs(ctx, h.config.Group)
	if err != nil && !registry.Unreadable(err) {
		return err
	}
	var current []string
	terms := map[string]int64{}
	was := false
	for _, j := range jobs {
		if !j.Gone {
			current, terms[j.Name] = append(current, j.Name), j.Term
		}
		was = was || j.Gone && j.Name == c.key.Job
	}
	slices.Sort(current)
	h.names.set(current, terms, h.now())
	_, found := slices.BinarySearch(current, c.key.Job)
	switch {
	case found, was && gone:
		return nil
	case was:
		return noJob(fmt.Sprintf("The job %s is not in the jobs file of the last active instance any more.", c.key.Job), current)
	case err != nil:
		return err // perhaps it is the one that cannot be understood
	case len(current) == 0:
		return noJob(fmt.Sprintf("There is no job %s, as no active instance of the group %s has had a jobs file yet.", c.key.Job, h.config.Group), nil)
	}
	return noJob(fmt.Sprintf("There is no job %s in the group %s.", c.key.Job, h.config.Group), current)
}

func noJob(detail string, exist []string) problem {
	return problem{Kind: "no-such-job", Title: "There is no such job", Status: http.StatusNotFound, Detail: detail, Jobs: exist[:min(len(exist), maxNames)]}
}

// noRun returns the problem that there is no such run.
func (c *call) noRun(ctx context.Context) error {
	if err := c.wantJob(ctx, true); err != nil {
		return err
	}
	return problem{Kind: "no-such-run", Title: "There is no such run", Status: http.StatusNotFound,
		Detail: fmt.Sprintf("The job %s has no run %s. It may have been deleted, as old ones are.", c.key.Job, c.key.Run)}
}

// runPath returns the path of a run.
func runPath(k store.Key) string { return "/runs/" + k.Job + "/" + url.PathEscape(k.Run) }
