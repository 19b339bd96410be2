package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// Job is a job that this instance can run. It has a Definition, and either Func or Execute.
type Job struct {
	jobs.Definition
	// Func is the job, if it is a Go function.
	Func jobs.Func
	// Execute runs an attempt in any other way, and returns when nothing of it is left. When
	// ctx ends, it stops the attempt: within its grace, or at once if the cause of ctx has a
	// method Immediate that returns true. It may be called by several goroutines at a time.
	Execute func(ctx context.Context, r store.Run) Result
	// Digest is that of all that the file says about the job, if there is a file. It is saved
	// for people.
	Digest string

	// Next is set by New: the first slot after an instant, zero if there is none.
	Next func(after time.Time) time.Time
}

// prepare checks jobs, and returns them with all that a machine needs.
func (s *Scheduler) prepare(list []Job) ([]Job, error) {
	timing := s.config.Timing
	definitions := make([]jobs.Definition, len(list))
	for i, j := range list {
		definitions[i] = j.Definition
	}
	if err := jobs.Validate(definitions, jobs.Limits{StopGrace: timing.StopGrace}); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	prepared := make([]Job, len(list))
	for i, j := range list {
		table, err := j.Timetable(s.config.Group)
		switch {
		case err != nil:
			return nil, fmt.Errorf("job %s: %w", j.Name, err)
		case (j.Func == nil) == (j.Execute == nil):
			return nil, fmt.Errorf("job %s: %w", j.Name, errors.New("want either Func or Execute"))
		}
		j.Definition = j.WithDefaults(timing.OrphanAfter, timing.StopGrace)
		j.Next = table.Next
		if f := j.Func; f != nil {
			d := j.Definition
			j.Execute = func(ctx context.Context, r store.Run) Result { return s.call(ctx, d, f, r) }
		}
		prepared[i] = j
	}
	return prepared, nil
}
