//go:build unix

package guard

import (
	"errors"
	"os"
	"syscall"
)

// chdir changes to a directory by its name. It does nothing if this process is in
// that directory already, since it may lack the permission to enter the directory
// that it was started in.
func chdir(dir string) error {
	if dir == "" {
		return nil
	}
	there, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if here, err := os.Stat("."); err == nil && os.SameFile(here, there) {
		return nil
	}
	return os.Chdir(dir)
}

// notStarted returns the message that says why a command was not executed: because
// of dir, if one is given.
func notStarted(run int64, err error, dir ...string) message {
	var errno syscall.Errno
	_ = errors.As(err, &errno)
	return message{kind: msgNotStarted, run: run, numbers: []int64{int64(errno)}, strings: dir}
}

// reason returns the error in a msgNotStarted.
func (m message) reason() error {
	err := error(syscall.Errno(m.numbers[0]))
	if len(m.strings) > 0 {
		return &DirError{m.strings[0], err}
	}
	return err
}
