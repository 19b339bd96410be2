package sqlite

import (
	"context"
	"os"
)

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
