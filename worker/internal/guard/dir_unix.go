//go:build unix

package guard

import (
	"errors"
	"os"
	"syscall"
)

// enter goes to a directory by its name, unless this process is there: it may have
// no right to enter the one that it was started in.
func enter(dir string) error {
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

// notStarted says why a command was not executed.
func notStarted(err error, dir ...string) message {
	var errno syscall.Errno
	_ = errors.As(err, &errno)
	return message{kind: mNotStarted, numbers: []int64{int64(errno)}, strings: dir}
}

// reason is what notStarted says.
func (m message) reason() error {
	err := error(syscall.Errno(m.numbers[0]))
	if len(m.strings) > 0 {
		return &DirError{m.strings[0], err}
	}
	return err
}
