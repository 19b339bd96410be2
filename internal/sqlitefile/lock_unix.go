//go:build unix

package sqlitefile

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// longestPath is how many bytes a path may have: SQLite's MAX_PATHNAME without
// "-journal".
const longestPath = 512 - 8

// openingLock keeps other processes from opening or creating the database.
type openingLock struct {
	file *os.File
	path string
}

// held returns errMoving if the file of the lock was replaced, so that the lock did
// not keep all others out until now.
func (l openingLock) held() error {
	open, err := l.file.Stat()
	if err != nil {
		return err
	}
	_, err = statSame(l.path, open)
	if errors.Is(err, errReplaced) {
		return errMoving
	}
	return err
}

func (l openingLock) release() { _ = l.file.Close() }

// lockOpening waits for the lock. The mode is the one in which its file is opened.
func (f *File) lockOpening(ctx context.Context, mode int) (openingLock, error) {
	for {
		file, err := os.OpenFile(f.NoticePath(), mode, 0o600)
		if err != nil {
			return openingLock{}, err
		}
		lock := openingLock{file, f.NoticePath()}
		if err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
			err = lock.held()
		}
		if err == nil {
			return lock, nil
		}
		lock.release()
		if !errors.Is(err, errMoving) && !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return openingLock{}, err
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return openingLock{}, ctx.Err()
		}
	}
}
