package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// The errors of this package. Compare with errors.Is.
var (
	// ErrFailed says that the command failed five times in a row, or once more after
	// that, or that its guard died under config.RestartNever. It is a
	// heartbeat.WorkFailing: a peer should try.
	ErrFailed error = failed("worker: command fails again and again")
	// ErrRunning says that Run was called before another call of it returned.
	ErrRunning = errors.New("worker: command is running already")
	// ErrNotFound says that there is no such command. Its exit code is 127.
	ErrNotFound = errors.New("worker: command not found")
	// ErrNotExecutable says that the command cannot be executed. Its exit code is 126.
	ErrNotExecutable = errors.New("worker: command not executable")
)

// failed is the type of ErrFailed. It implements heartbeat.WorkFailing, which this
// package does not import.
type failed string

func (e failed) Error() string     { return string(e) }
func (e failed) WorkFailing() bool { return true }

// CodeLeftBehind is the exit code of a command that exited with 0 by itself but left
// processes behind. They were killed, so the work may not be done.
const CodeLeftBehind = exitcode.Failure

// permanent are the errors that come from the file or its arguments, besides those
// of package io/fs. Any other error may not come again: too little memory, too many
// processes or files, a file that is being replaced.
var permanent = []error{
	syscall.ENOEXEC, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP,
	syscall.ENAMETOOLONG, syscall.E2BIG, syscall.EINVAL,
}

// startCode returns the exit code of a command that cannot be executed, as shells
// have it, or 0 if another try may succeed.
func startCode(err error) int {
	if _, ok := errors.AsType[*guard.DirError](err); ok { // somebody may be replacing the directory
		return 0
	}
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case is(ErrNotFound), is(fs.ErrNotExist):
		return exitcode.NotFound
	case is(ErrNotExecutable), is(fs.ErrPermission), slices.ContainsFunc(permanent, is):
		return exitcode.NotExecutable
	}
	return 0
}

// Exit is the final exit of a command. It implements heartbeat.FinalExit.
type Exit struct {
	Code int // 128+n after signal n
}

// FinalExit returns the exit code.
func (e *Exit) FinalExit() int { return e.Code }

func (e *Exit) Error() string {
	if e.Code > exitcode.Signal {
		return fmt.Sprintf("worker: command ended by signal %d", e.Code-exitcode.Signal)
	}
	return fmt.Sprintf("worker: command exited with code %d", e.Code)
}
