package sqlite

import (
	"context"
	"os"
)

// longestPath is how many bytes of a path SQLite takes:
// SQLITE_WIN32_MAX_PATH_BYTES without "-journal".
const longestPath = 4*260 - 8

// openingLock is none. A database that is open cannot be removed on Windows, so
// nothing needs to be kept from happening.
type openingLock struct{}

func (openingLock) held() error { return nil }

func (openingLock) release() {}

// lockOpening makes the file for notices, if the mode says so.
func (r *Registry) lockOpening(_ context.Context, mode int) (openingLock, error) {
	f, err := os.OpenFile(r.noticePath(), mode, 0o600)
	if err != nil {
		return openingLock{}, err
	}
	return openingLock{}, f.Close()
}
