//go:build unix

package sqlite

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// longestPath is how many bytes of a path SQLite takes: MAX_PATHNAME without
// "-journal".
const longestPath = 512 - 8

// openingLock keeps other processes from opening or creating the database.
type openingLock struct {
	file *os.File
	path string
}

// held returns nil if the lock kept out whoever came until now, else errMoving.
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

// lockOpening waits for the lock. The mode is that of opening its file.
func (r *Registry) lockOpening(ctx context.Context, mode int) (openingLock, error) {
	for {
		f, err := os.OpenFile(r.noticePath(), mode, 0o600)
		if err != nil {
			return openingLock{}, err
		}
		lock := openingLock{f, r.noticePath()}
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
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
