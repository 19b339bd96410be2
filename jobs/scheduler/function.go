package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// errTimeout is the cause with which the context of a function ends at the timeout of its
// job.
var errTimeout = errors.New("the job's timeout is over")

// stuckAgain is how often the log says that a function does not return.
const stuckAgain = 10 * time.Second

// call carries out an attempt of a job that is a Go function, and returns when the function
// has returned.
func (s *Scheduler) call(ctx context.Context, d jobs.Definition, f jobs.Func, record store.Run) Result {
	if ctx.Err() != nil {
		return Result{End: store.AttemptExited, Unstarted: true, Remark: toldBefore}
	}
	late := make(chan struct{})
	defer close(late)
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d.Timeout, errTimeout)
		defer cancel()
		go s.complain(late, d, record)
	}
	r := jobs.NewRun(s.config.Store, record)
	err := s.protected(ctx, f, r)
	end := Result{End: store.AttemptCompleted, Result: r.Result()}
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errTimeout):
		end.End, end.Remark = store.AttemptTimedOut, fmt.Sprintf("it had not ended after its timeout of %v: %v", d.Timeout, err)
	default:
		end.End, end.Remark = store.AttemptFailed, err.Error()
	}
	end.Remark = registry.Clip(end.Remark)
	return end
}

// protected calls a function. A panic of it is an error, so that one job does not end the
// others.
func (s *Scheduler) protected(ctx context.Context, f jobs.Func, r *jobs.Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.config.Log.Error().Str("run", r.ID()).Str("stack", string(debug.Stack())).Msgf("the function of the job %s panicked: %v", r.Job(), p)
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f(ctx, r)
}

// complain logs again and again that a function does not return after its timeout and its
// grace, until late is closed.
func (s *Scheduler) complain(late <-chan struct{}, d jobs.Definition, record store.Run) {
	timer := time.NewTimer(d.Timeout + d.StopGrace)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			s.config.Log.Error().Str("run", record.Key.String()).Stringer("timeout", d.Timeout).
				Msg("the function of a job does not return after its timeout; only the end of this process can end it")
			timer.Reset(stuckAgain)
		case <-late:
			return
		}
	}
}
