package sqlitestore

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// decoder has the error of the first column that could not be understood and that the
// record cannot do without.
type decoder struct{ err error }

// vital decodes a column that the record cannot do without.
func vital[T any](d *decoder, column string, stored any, as func(any) (T, bool)) T {
	v, ok := as(stored)
	if !ok && d.err == nil {
		d.err = fmt.Errorf("%w: %s is %.64q (%T)", registry.ErrCorrupt, column, fmt.Sprint(stored), stored)
	}
	return v
}

// optional decodes a column that may be missing, and otherwise has to make sense.
func optional[T any](d *decoder, column string, stored any, as func(any) (T, bool)) (v T) {
	if stored == nil {
		return v
	}
	return vital(d, column, stored, as)
}

// lenient decodes a column on which no decision rests. It returns zero for a value that
// makes no sense.
func lenient[T any](stored any, as func(any) (T, bool)) T {
	v, _ := as(stored)
	return v
}

// result returns what is wrong with a record, by its columns and by its own check. A newer
// schema explains everything else.
func (d *decoder) result(check error) error {
	if d.err == nil || errors.Is(check, registry.ErrSchema) {
		return check
	}
	return d.err
}

// text decodes a text for people.
func text(stored any) (string, bool) {
	s, ok := stored.(string)
	return registry.Clip(s), ok
}

// exact decodes a text that is not cut. The columns bound it.
func exact(most int) func(stored any) (string, bool) {
	return func(stored any) (string, bool) {
		s, ok := stored.(string)
		if !ok || len(s) > most {
			return "", false
		}
		return s, true
	}
}

func integer(stored any) (int64, bool) {
	n, ok := stored.(int64)
	return n, ok
}

// small decodes a number that has room in an int, which is short on some systems.
func small(stored any) (int, bool) {
	n, ok := stored.(int64)
	if int64(int(n)) != n {
		return 0, false
	}
	return int(n), ok
}

func truth(stored any) (bool, bool) {
	n, ok := stored.(int64)
	return n == 1, ok && (n == 0 || n == 1)
}

func identity(stored any) (uuid.UUID, bool) {
	s, _ := stored.(string)
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return uuid.Nil, false
	}
	return id, true
}

func date(stored any) (time.Time, bool) {
	n, ok := stored.(int64)
	if !ok || n <= 0 || n >= store.LatestInstant {
		return time.Time{}, false
	}
	return time.UnixMilli(n).UTC(), true
}

func blob(stored any) ([]byte, bool) {
	b, ok := stored.([]byte)
	if len(b) == 0 {
		return nil, ok
	}
	return b, ok
}

func digest(stored any) (d store.Digest, ok bool) {
	b, _ := stored.([]byte)
	return d, copy(d[:], b) == len(d)
}

// request decodes what somebody asked for. Whatever is stored of it, it was asked for.
func request(by, why, at any) *store.Request {
	if by == nil && why == nil && at == nil {
		return nil
	}
	return &store.Request{By: lenient(by, text), Why: lenient(why, text), At: lenient(at, date)}
}

// The values as they are stored. NULL stands for what is missing.

func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func orNull(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id.String()
}

func data(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// askedBy returns the columns of a request.
func askedBy(q *store.Request) (by, why, at any) {
	if q == nil {
		return nil, nil, nil
	}
	return q.By, q.Why, millis(q.At)
}
