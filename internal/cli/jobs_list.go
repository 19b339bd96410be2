package cli

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	// recent is how many of the latest runs of a job are looked at for how they ended.
	recent = 20
	// readers is how many jobs are read at a time.
	readers = 8
)

// jobsView is the jobs of a group as programs read them.
type jobsView struct {
	Group string    `json:"group"`
	At    time.Time `json:"at"`
	Jobs  []jobView `json:"jobs"`
}

type jobView struct {
	Name        string       `json:"name"`
	Schedule    string       `json:"schedule"`
	Zone        string       `json:"zone"`
	Description string       `json:"description,omitempty"`
	Next        time.Time    `json:"next,omitzero"`
	Since       time.Time    `json:"since,omitzero"` // when its definition came into force
	Gone        bool         `json:"gone"`           // it is not in the file of the active instance
	Paused      *requestView `json:"paused,omitempty"`
	Running     int          `json:"running"`
	Waiting     int          `json:"waiting"`            // runs that are due
	OldestDue   time.Time    `json:"oldestDue,omitzero"` // of those
	Last        *runView     `json:"last,omitempty"`     // the last run that has ended
	Streak      *streakView  `json:"streak,omitempty"`
}

// streakView says how many of the last runs in a row ended the same way.
type streakView struct {
	Status  store.State `json:"status"`
	Runs    int         `json:"runs"`
	AtLeast bool        `json:"atLeast,omitempty"` // there may be more
}

func viewJob(j store.Job) jobView {
	return jobView{
		Name: j.Name, Schedule: j.Schedule, Zone: j.Zone, Description: j.Description, Next: j.Next, Since: j.Since, Gone: j.Gone,
		Paused: viewRequest(j.Paused),
	}
}

func listJobs(c *cobra.Command, asJSON bool) error {
	ctx, out := c.Context(), c.OutOrStdout()
	cl, err := openClient(ctx, c, registry.Look)
	if err != nil {
		return err
	}
	defer cl.close()
	v, err := cl.viewJobs(ctx)
	if err != nil {
		return err
	}
	if len(v.Jobs) == 0 {
		cl.tell(fmt.Sprintf("group %s has no jobs: no instance that runs jobs has been active in it", cl.conf.Group))
		cl.tell(cl.where())
	}
	if asJSON {
		return unlessGone(writeJSON(out, v))
	}
	return unlessGone(writeLines(out, showJobs(v, width(out))))
}

// viewJobs reads the jobs of the group with what is going on.
func (cl *client) viewJobs(ctx context.Context) (jobsView, error) {
	defer cl.tellIfSlow()()
	v := jobsView{Group: cl.conf.Group, Jobs: []jobView{}}
	list, err := cl.allJobs(ctx)
	if err != nil {
		return v, err
	}
	if v.At, err = cl.now(ctx); err != nil {
		return v, err
	}
	var queue map[string]store.Queue
	var running []store.Run
	if len(list) > 0 {
		queue, err = ask(ctx, cl, func(ctx context.Context, s store.Asking) (map[string]store.Queue, error) {
			return s.Queue(ctx, cl.conf.Group, v.At)
		})
		if err = cl.tellUnread(err); err != nil {
			return v, err
		}
		if running, err = cl.runs(ctx, store.Filter{States: []store.State{store.Processing}, Limit: store.MaxPage}); err != nil {
			return v, err
		}
	}
	for _, j := range list {
		view := viewJob(j)
		view.Waiting, view.OldestDue = queue[j.Name].Waiting, queue[j.Name].Oldest
		for _, r := range running {
			if r.Job == j.Name {
				view.Running++
			}
		}
		v.Jobs = append(v.Jobs, view)
	}
	return v, cl.addOutcomes(ctx, v.Jobs)
}

// addOutcomes adds to each job how its last runs ended.
func (cl *client) addOutcomes(ctx context.Context, list []jobView) error {
	var (
		mu         sync.Mutex
		unreadable error
	)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i := range list {
		g.Go(func() error {
			ended, err := cl.lastEnded(ctx, list[i].Name)
			if registry.Unreadable(err) {
				mu.Lock()
				unreadable, err = err, nil // of one job, so that there are not thousands of messages
				mu.Unlock()
			}
			if len(ended) > 0 {
				list[i].Last, list[i].Streak = new(viewRun(ended[0])), streakOf(ended)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return cl.tellUnread(unreadable)
}

// lastEnded returns the latest runs of a job that have ended.
func (cl *client) lastEnded(ctx context.Context, job string) ([]store.Run, error) {
	read := func(f store.Filter) ([]store.Run, error) {
		return ask(ctx, cl, func(ctx context.Context, s store.Asking) ([]store.Run, error) { return s.Runs(ctx, cl.conf.Group, f) })
	}
	// Without a state, the index of the job has them in order.
	list, err := read(store.Filter{Job: job, Limit: recent + 4})
	full := len(list) == recent+4
	list = slices.DeleteFunc(list, func(r store.Run) bool { return !r.State.Ended() })
	if len(list) < recent && full && err == nil {
		list, err = read(store.Filter{Job: job, States: endedStates(), Limit: recent})
	}
	return list[:min(len(list), recent)], err
}

func endedStates() []store.State {
	return slices.DeleteFunc(slices.Clone(store.States), func(s store.State) bool { return !s.Ended() })
}

// streakOf returns how many of those runs, the latest first, ended as the first one did.
func streakOf(ended []store.Run) *streakView {
	n := slices.IndexFunc(ended, func(r store.Run) bool { return r.State != ended[0].State })
	if n < 0 {
		return &streakView{Status: ended[0].State, Runs: len(ended), AtLeast: len(ended) == recent}
	}
	return &streakView{Status: ended[0].State, Runs: n}
}

// now returns what the registry's clock shows.
func (cl *client) now(ctx context.Context) (time.Time, error) {
	info, err := call(ctx, cl, cl.admin.Info)
	return info.At, err
}

// runs returns the runs of the group that a filter lets through, and tells of those that
// cannot be understood.
func (cl *client) runs(ctx context.Context, f store.Filter) ([]store.Run, error) {
	list, err := ask(ctx, cl, func(ctx context.Context, s store.Asking) ([]store.Run, error) { return s.Runs(ctx, cl.conf.Group, f) })
	return list, cl.tellUnread(err)
}
