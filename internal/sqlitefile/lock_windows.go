package sqlitefile

import (
	"context"
	"os"
)

// longestPath is how many bytes a path may have: SQLite's
// SQLITE_WIN32_MAX_PATH_BYTES without "-journal".
const longestPath = 4*260 - 8

// openingLock locks nothing. An open database cannot be removed on Windows, so
// there is nothing to prevent.
type openingLock struct{}

func (openingLock) held() error { return nil }

func (openingLock) release() {}

// lockOpening makes the file for notices, if the mode says so.
func (f *File) lockOpening(_ context.Context, mode int) (openingLock, error) {
	file, err := os.OpenFile(f.NoticePath(), mode, 0o600)
	if err != nil {
		return openingLock{}, err
	}
	return openingLock{}, file.Close()
}
