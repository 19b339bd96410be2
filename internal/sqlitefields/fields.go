// Package sqlitefields decodes the columns of stored rows, which anybody may have written:
// each value's type is checked, and a value that makes no sense is described for people.
// registry/sqlite and jobs/store/sqlitestore use it.
package sqlitefields

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Decoder has the error of the first column that could not be understood and that the
// record cannot do without.
type Decoder struct{ err error }

// Vital decodes a column that the record cannot do without.
func Vital[T any](d *Decoder, column string, stored any, as func(any) (T, bool)) T {
	v, ok := as(stored)
	if !ok && d.err == nil {
		d.err = fmt.Errorf("%w: %s is %.64q (%T)", registry.ErrCorrupt, column, fmt.Sprint(stored), stored)
	}
	return v
}

// Lenient decodes a column on which no decision rests. It returns zero for a value that
// makes no sense.
func Lenient[T any](stored any, as func(any) (T, bool)) T {
	v, _ := as(stored)
	return v
}

// Result returns what is wrong with a record, by its columns and by its own check. A newer
// schema explains everything else.
func (d *Decoder) Result(check error) error {
	if d.err == nil || errors.Is(check, registry.ErrSchema) {
		return check
	}
	return d.err
}

// Text decodes a text for people, as [registry.Clip] cuts it.
func Text(stored any) (string, bool) {
	s, ok := stored.(string)
	return registry.Clip(s), ok
}

// Integer decodes a number.
func Integer(stored any) (int64, bool) {
	n, ok := stored.(int64)
	return n, ok
}

// Identity decodes a UUID in its canonical form.
func Identity(stored any) (uuid.UUID, bool) {
	s, _ := stored.(string)
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return uuid.Nil, false
	}
	return id, true
}
