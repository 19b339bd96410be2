package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/understudy-go/understudy/worker/internal/guard"
)

// The errors of this package. Compare with errors.Is.
var (
	// ErrFailed says that the command failed five times in a row, or once more
	// after that, or that it was lost under Never: a peer should try.
	ErrFailed error = failed("worker: command fails again and again")
	// ErrRunning says that Run was called while another call of it is running.
	ErrRunning = errors.New("worker: command is running already")
	// ErrNotFound says that there is no such command: exit code 127.
	ErrNotFound = errors.New("worker: command not found")
	// ErrNotExecutable says that the command can't be executed: exit code 126.
	ErrNotExecutable = errors.New("worker: command not executable")
)

// failed is an error that package heartbeat understands.
type failed string

func (e failed) Error() string     { return string(e) }
func (e failed) WorkFailing() bool { return true }

// The exit codes of a command that can't be executed, as shells have them.
const (
	CodeNotExecutable = 126
	CodeNotFound      = 127
)

// CodeLeftBehind is the exit code of a command that exited with 0 by itself, but
// left processes behind: they were killed, so that the work is not simply done.
const CodeLeftBehind = 1

// unfit are the errors that speak of the file or of what it is given, besides
// those of package io/fs. Anything else (too little memory, too many processes
// or files, a file that is being replaced) may pass.
var unfit = []error{
	syscall.ENOEXEC, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP,
	syscall.ENAMETOOLONG, syscall.E2BIG, syscall.EINVAL,
}

// startCode is the exit code of a command that can't be executed, so that trying
// again is as good as pointless; 0 if what stood in the way may pass.
func startCode(err error) int {
	if _, ok := errors.AsType[*guard.DirError](err); ok { // a deployment may be under way
		return 0
	}
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case is(ErrNotFound), is(fs.ErrNotExist):
		return CodeNotFound
	case is(ErrNotExecutable), is(fs.ErrPermission), slices.ContainsFunc(unfit, is):
		return CodeNotExecutable
	}
	return 0
}

// Exit is the final exit of a command.
type Exit struct {
	Code int // 128+n for signal n
}

// FinalExit is the exit code, for package heartbeat.
func (e *Exit) FinalExit() int { return e.Code }

func (e *Exit) Error() string {
	if e.Code > 128 {
		return fmt.Sprintf("worker: command ended by signal %d", e.Code-128)
	}
	return fmt.Sprintf("worker: command exited with code %d", e.Code)
}
