package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/instance"
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitCodeOf returns the exit code that an error stands for.
func exitCodeOf(err error) int {
	if code, over := instance.WorkOver(err); over {
		return code
	}
	if interrupt, ok := errors.AsType[signalError](err); ok {
		return exitcode.Signal + int(interrupt.signal)
	}
	_, usage := errors.AsType[usageError](err)
	_, conflict := errors.AsType[conflictError](err)
	_, unavailable := errors.AsType[openregistry.UnavailableError](err)
	switch {
	case err == nil:
		return exitcode.OK
	case usage:
		return exitcode.Usage
	case conflict:
		return exitcode.Conflict
	case misconfigured(err):
		return exitcode.Config
	case unavailable, errors.Is(err, heartbeat.ErrUnreachable), errors.Is(err, registry.ErrRefused), registry.Unreadable(err):
		return exitcode.Unavailable
	case errors.Is(err, heartbeat.ErrStuck):
		return exitcode.Stuck
	case errors.Is(err, worker.ErrNotFound):
		return exitcode.NotFound
	case errors.Is(err, worker.ErrNotExecutable):
		return exitcode.NotExecutable
	}
	return exitcode.Failure
}

// misconfigured reports whether an error stays until the configuration is changed.
func misconfigured(err error) bool {
	_, mistakes := errors.AsType[*config.Error](err)
	_, problems := errors.AsType[jobfile.Problems](err)
	return mistakes || problems || errors.Is(err, worker.ErrIsolation) || openregistry.Misconfigured(err)
}

// explain returns an error as people read it.
func explain(err error) string {
	if e, ok := errors.AsType[*config.Error](err); ok && len(e.Mistakes) > 1 {
		err = fmt.Errorf("%d mistakes in the environment:\n  %s", len(e.Mistakes), strings.Join(e.Mistakes, "\n  "))
	}
	if p, ok := errors.AsType[jobfile.Problems](err); ok && len(p) > 1 {
		err = fmt.Errorf("%d problems in %s:\n%w", len(p), p[0].File, p)
	}
	return logging.Text(err)
}
