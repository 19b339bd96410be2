package store

import "errors"

// ErrLeftOut says that a call did what it was asked for with all records but some that
// cannot be understood. The errors about some of those are wrapped beside it. An error about
// records without it ([registry.Unreadable]) says that the call has failed.
//
// [registry.Unreadable]: https://pkg.go.dev/github.com/understudy-go/understudy/registry#Unreadable
var ErrLeftOut = errors.New("jobs: some records were left out")

// LeftOut returns an ErrLeftOut with the errors about records that were left out; nil if
// there are none.
func LeftOut(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return leftOut{err}
	}
	return nil
}

// leftOut has the text of the errors that it wraps.
type leftOut struct{ error }

func (e leftOut) Unwrap() error        { return e.error }
func (e leftOut) Is(target error) bool { return target == ErrLeftOut }
