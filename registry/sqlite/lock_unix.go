//go:build unix

package sqlite

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// openingLock keeps other processes from opening or creating the database.
type openingLock struct {
	file *os.File
	path string
}

// held reports whether the lock kept out whoever came until now.
func (l openingLock) held() bool { return isAt(l.file, l.path) }

func (l openingLock) release() { _ = l.file.Close() }

// lockOpening waits for the lock. The mode is that of opening its file.
func (r *Registry) lockOpening(ctx context.Context, mode int) (openingLock, error) {
	for {
		f, err := os.OpenFile(r.noticePath(), mode, 0o600)
		if err != nil {
			return openingLock{}, err
		}
		lock := openingLock{f, r.noticePath()}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && lock.held() {
			return lock, nil
		}
		lock.release()
		if err != nil && !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return openingLock{}, err
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return openingLock{}, ctx.Err()
		}
	}
}

// isAt reports whether an open file is the one at the path.
func isAt(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && os.SameFile(open, info)
}
