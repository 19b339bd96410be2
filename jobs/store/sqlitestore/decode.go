package sqlitestore

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// optional decodes a column that may be missing, and otherwise has to make sense.
func optional[T any](d *sqlitefields.Decoder, column string, stored any, as func(any) (T, bool)) (v T) {
	if stored == nil {
		return v
	}
	return sqlitefields.Vital(d, column, stored, as)
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

// decodeKey returns the key of a run, or ErrCorrupt.
func decodeKey(group string, job, run any) (store.Key, error) {
	var d sqlitefields.Decoder
	k := store.Key{Group: group, Job: sqlitefields.Vital(&d, "job", job, exact(store.MaxJob)), Run: sqlitefields.Vital(&d, "run", run, exact(store.MaxRunID))}
	err := d.Result(nil)
	if err == nil && k.Check() != nil {
		err = fmt.Errorf("%w: %w", registry.ErrCorrupt, k.Check())
	}
	return k, err
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
	return &store.Request{By: sqlitefields.Lenient(by, sqlitefields.Text), Why: sqlitefields.Lenient(why, sqlitefields.Text), At: sqlitefields.Lenient(at, date)}
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
