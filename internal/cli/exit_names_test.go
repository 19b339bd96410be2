package cli

import (
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/signals"
)

const (
	exitOK            = exitcode.OK
	exitFailure       = exitcode.Failure
	exitUsage         = exitcode.Usage
	exitUnavailable   = exitcode.Unavailable
	exitStuck         = exitcode.Stuck
	exitConfig        = exitcode.Config
	exitNotExecutable = exitcode.NotExecutable
	exitNotFound      = exitcode.NotFound
	exitSignal        = exitcode.Signal

	echo = signals.SameOrder
)
