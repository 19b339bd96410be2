package sqlite

import "context"

// lockOpening makes the file for notices. A database that is open cannot be
// removed on Windows, so nothing needs to be kept from happening.
func (r *Registry) lockOpening(context.Context) (unlock func(), err error) {
	f, err := openNotice(r.noticePath())
	if err != nil {
		return nil, err
	}
	return func() {}, f.Close()
}
