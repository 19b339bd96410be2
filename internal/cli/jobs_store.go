package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/editdistance"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// asking returns the records of jobs and runs that the registry has.
func (cl *client) asking() store.Asking {
	if cl.reg == nil {
		return noJobs{}
	}
	return cl.reg.Jobs()
}

// noJobs are the records of a registry that nobody has used yet. Nothing is asked about a
// run of it, and it cannot be written to.
type noJobs struct{ store.Asking }

func (noJobs) Jobs(context.Context, string) ([]store.Job, error) { return nil, nil }

func (noJobs) Runs(context.Context, string, store.Filter) ([]store.Run, error) { return nil, nil }

func (noJobs) Queue(context.Context, string, time.Time) (map[string]store.Queue, error) {
	return nil, nil
}

func (noJobs) Run(context.Context, store.Key) (store.Run, error) {
	return store.Run{}, store.ErrNoRun
}

// ask asks about jobs and runs. An error that is an answer of the store comes back as it
// is; any other one explains why there is no answer, as call does.
func ask[T any](ctx context.Context, cl *client, question func(context.Context, store.Asking) (T, error)) (T, error) {
	var no error
	answer, err := call(ctx, cl, func(ctx context.Context) (T, error) {
		answer, err := question(ctx, cl.asking())
		if isAnswer(err) {
			no, err = err, nil
		}
		return answer, err
	})
	return answer, cmp.Or(err, no)
}

// askFor asks the store to change something. If there is no answer, the error says that
// the change may have been made.
func askFor[T any](ctx context.Context, cl *client, change func(context.Context, store.Asking) (T, error)) (T, error) {
	defer cl.tellIfSlow()()
	answer, err := ask(ctx, cl, change)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the request may yet arrive: %w", err)
	}
	return answer, err
}

// isAnswer reports whether the store itself says no.
func isAnswer(err error) bool {
	for _, answer := range []error{store.ErrNoRun, store.ErrNoJob, store.ErrConflict, store.ErrFull, store.ErrState, store.ErrTooLarge} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// tellUnread tells of records that cannot be understood, and returns any other error.
func (cl *client) tellUnread(err error) error {
	if err == nil || !registry.Unreadable(err) {
		return err
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		cl.tell("a record cannot be read: " + status.Visible(status.Plain(line)))
	}
	return nil
}

// allJobs returns the jobs of the group, and tells of those that cannot be understood.
func (cl *client) allJobs(ctx context.Context) ([]store.Job, error) {
	list, err := ask(ctx, cl, func(ctx context.Context, s store.Asking) ([]store.Job, error) { return s.Jobs(ctx, cl.conf.Group) })
	return list, cl.tellUnread(err)
}

// jobNamed returns the record of a job. The error names the jobs that there are.
func (cl *client) jobNamed(ctx context.Context, name string) (store.Job, error) {
	list, err := cl.allJobs(ctx)
	if err != nil {
		return store.Job{}, err
	}
	for _, j := range list {
		if j.Name == name {
			return j, nil
		}
	}
	return store.Job{}, noJob(cl, name, list)
}

// noJob returns the error about a job that no record knows.
func noJob(cl *client, name string, list []store.Job) error {
	if len(list) == 0 {
		return fmt.Errorf("no job is called %.100q: group %s has no jobs, because no instance that runs jobs has been active in it; %s", name, cl.conf.Group, cl.where())
	}
	var names []string
	for _, j := range list {
		if !j.Gone {
			names = append(names, j.Name)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("no job is called %.100q: the file of the active instance has no jobs", name)
	}
	const most = 20
	text := strings.Join(names[:min(len(names), most)], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if meant := editdistance.Closest(name, names); meant != "" {
		return fmt.Errorf("no job is called %.100q: did you mean %s? There are %s", name, meant, text)
	}
	return fmt.Errorf("no job is called %.100q: there are %s", name, text)
}

// asker returns who asks, for the records: user@host.
func (cl *client) asker() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	} else if name == "" {
		name = strconv.Itoa(os.Getuid())
	}
	return name + "@" + cl.conf.Host
}

// oneJob accepts the name of one job.
func oneJob(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usageError{fmt.Errorf("%s: want the name of a job", plainPath(c))}
	case len(args) > 1:
		return usageError{fmt.Errorf("%s takes one job, got also %q", plainPath(c), args[1])}
	}
	if err := store.CheckJob(args[0]); err != nil {
		return usageError{fmt.Errorf("%s: %w", plainPath(c), err)}
	}
	return nil
}

// oneRun accepts one run, as people write it.
func oneRun(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 && c.Parent() != nil && c.Parent().Name() == "runs":
		return usageError{fmt.Errorf("%s: want JOB/RUN, as the command runs prints it; the runs of a job that is called %s are listed by runs -- %[2]s", plainPath(c), c.Name())}
	case len(args) == 0:
		return usageError{fmt.Errorf("%s: want JOB/RUN, as the command runs prints it", plainPath(c))}
	case len(args) > 1:
		return usageError{fmt.Errorf("%s takes one run, got also %q", plainPath(c), args[1])}
	}
	if _, err := store.ParseKey("group", args[0]); err != nil {
		return usageError{fmt.Errorf("%s: %w", plainPath(c), err)}
	}
	return nil
}
