package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
	"github.com/understudy-go/understudy/worker"
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// unavailableError says that the registry could not be opened.
type unavailableError struct{ error }

func (e unavailableError) Unwrap() error { return e.error }

// saidError is one that the log has told already.
type saidError struct{ error }

func (e saidError) Unwrap() error { return e.error }

// exitCode prints what is wrong, unless that was said already, and returns the
// code that says the same.
func exitCode(err error, stderr io.Writer) int {
	code, said := judge(err)
	if !said {
		fmt.Fprintf(stderr, "understudy: %s\n", explain(err))
	}
	return code
}

// judge returns the exit code of an error, and whether it has been said already,
// by the log or by the output.
func judge(err error) (code int, said bool) {
	var (
		usage       usageError
		unavailable unavailableError
		final       interface{ FinalExit() int }
		peerDone    *heartbeat.WorkDoneError
		result      resultError
		logged      saidError
		stopped     signalError
	)
	said = errors.As(err, &logged)
	switch {
	case err == nil:
		return exitcode.OK, true
	case errors.As(err, &final):
		return final.FinalExit(), true
	case errors.As(err, &peerDone):
		return peerDone.ExitCode, true
	case errors.As(err, &result):
		return int(result), true
	case errors.As(err, &stopped):
		return exitcode.Signal + int(stopped.signal), said
	case errors.As(err, &usage):
		return exitcode.Usage, said
	case misconfigured(err):
		return exitcode.Config, said
	case errors.As(err, &unavailable), errors.Is(err, heartbeat.ErrUnreachable), errors.Is(err, registry.ErrRefused), registry.Unreadable(err):
		return exitcode.Unavailable, said
	case errors.Is(err, heartbeat.ErrStuck):
		return exitcode.Stuck, said
	case errors.Is(err, worker.ErrNotFound):
		return exitcode.NotFound, said
	case errors.Is(err, worker.ErrNotExecutable):
		return exitcode.NotExecutable, said
	}
	return exitcode.Failure, said
}

// explain is an error as people read it.
func explain(err error) string {
	text := err.Error()
	var mistakes *config.Error
	if errors.As(err, &mistakes) && len(mistakes.Mistakes) > 1 {
		text = fmt.Sprintf("%d mistakes in the environment:\n  %s", len(mistakes.Mistakes), strings.Join(mistakes.Mistakes, "\n  "))
	}
	return escape(status.Plain(text))
}

// misconfigured reports whether an error will be there until the environment is
// another.
func misconfigured(err error) bool {
	var mistakes *config.Error
	return errors.As(err, &mistakes) || errors.Is(err, mongodb.ErrURI) || errors.Is(err, sqlite.ErrPath)
}

// escape makes text fit for a terminal, line by line: a server's answer may be in
// it.
func escape(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = status.Escape(line)
	}
	return strings.Join(lines, "\n")
}

// resultError is an exit code that tells a result, which the output has told
// already.
type resultError int

func (e resultError) Error() string { return fmt.Sprintf("result %d", int(e)) }
