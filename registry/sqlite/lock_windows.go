package sqlite

import "context"

// openingLock is none. A database that is open cannot be removed on Windows, so
// nothing needs to be kept from happening.
type openingLock struct{}

func (openingLock) held() bool { return true }

func (openingLock) release() {}

// lockOpening makes the file for notices.
func (r *Registry) lockOpening(context.Context) (openingLock, error) {
	f, err := openNotice(r.noticePath())
	if err != nil {
		return openingLock{}, err
	}
	return openingLock{}, f.Close()
}
