package worker

import (
	"errors"
	"fmt"
)

// The errors of this package. Compare with errors.Is.
var (
	// ErrFailed says that the command failed five times in a row, or once more
	// after that.
	ErrFailed = errors.New("worker: command fails again and again")
	// ErrRunning says that Run was called while another call of it is running.
	ErrRunning = errors.New("worker: command is running already")
	// ErrNotFound says that there is no such command: exit code 127.
	ErrNotFound = errors.New("worker: command not found")
	// ErrNotExecutable says that the command can't be executed: exit code 126.
	ErrNotExecutable = errors.New("worker: command not executable")
)

// The exit codes of a command that could not be executed, as shells have them.
const (
	CodeNotExecutable = 126
	CodeNotFound      = 127
)

// Exit is the final exit of a command.
type Exit struct {
	Code int // 128+n for signal n
}

func (e *Exit) Error() string {
	if e.Code > 128 {
		return fmt.Sprintf("worker: command ended by signal %d", e.Code-128)
	}
	return fmt.Sprintf("worker: command exited with code %d", e.Code)
}
