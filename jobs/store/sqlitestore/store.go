package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Store keeps jobs and runs in a SQLite file.
type Store struct {
	file    *sqlitefile.File
	explain func(error) error
	// made and found are the generation of the file in which the tables were made by this
	// Store, and in which they were found by it, or 0.
	made, found atomic.Int64
	updates     updates
}

var _ store.Store = (*Store)(nil)

// New returns the store in the file of a registry. The function explain makes errors of the
// registry's contract from those of the file.
func New(file *sqlitefile.File, explain func(error) error) *Store {
	return &Store{file: file, explain: explain}
}

// conn is a connection within a transaction, with the queries of this package.
type conn struct {
	*sqlitefile.Conn
	s *Store
}

// How durable a write is depends on what it is about. See [store.Asking.Watch] for what is
// announced.
const (
	ofPeople = sqlitefile.Durable
	ofHolder = sqlitefile.Quiet
	ofOutput = sqlitefile.Relaxed
)

// reading runs f in a read transaction and returns what it returns. Without the tables, it
// returns the zero value. The rules for f are those of [sqlitefile.Read].
func reading[T any](ctx context.Context, s *Store, name string, f func(c *conn) (T, error)) (T, error) {
	result, err := sqlitefile.Read(ctx, s.file, func(c *sqlitefile.Conn) (result T, err error) {
		conn := &conn{c, s}
		if found, err := conn.hasTables(); err != nil || !found {
			return result, err
		}
		result, err = f(conn)
		return result, conn.refusal(err)
	})
	return result, s.named(name, err)
}

// writing runs f in a write transaction, which is committed if f returns no error. It
// returns what f returns. The rules for f are those of [sqlitefile.Read].
func writing[T any](ctx context.Context, s *Store, name string, d sqlitefile.Durability, f func(c *conn) (T, error)) (T, error) {
	result, err := sqlitefile.Commit(ctx, s.file, d, func(c *sqlitefile.Conn) (result T, err error) {
		conn := &conn{c, s}
		if err = conn.makeTables(); err == nil {
			result, err = f(conn)
		}
		return result, conn.refusal(err)
	})
	return result, s.named(name, err)
}

// listed returns the records that f reads, with the errors about those that cannot be
// understood. The rules for f are those of [sqlitefile.Read].
func listed[T any](ctx context.Context, s *Store, name string, f func(c *conn) (records[T], error)) ([]T, error) {
	found, err := reading(ctx, s, name, f)
	if err != nil {
		return nil, err
	}
	return found.list, s.unreadable(name, found.errs)
}

// holding is writing for a holder. ErrSuperseded: its term is not the latest one, or is not
// open.
func holding[T any](ctx context.Context, s *Store, name string, d sqlitefile.Durability, h store.Holder, f func(c *conn) (T, error)) (T, error) {
	return writing(ctx, s, name, d, func(c *conn) (none T, err error) {
		if err := c.fence(h); err != nil {
			return none, err
		}
		return f(c)
	})
}

// named adds the name of a call to its error.
func (s *Store) named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, s.explain(err))
}

// maxErrors is how many errors about records that cannot be understood a call returns.
const maxErrors = 8

// maxUnreadable is after how many records that cannot be understood a call gives up. Until
// then it looks for others: a limit counts those that can be understood. A test has a lower
// number.
var maxUnreadable = 10_000

// records are the records of a query that can be understood.
type records[T any] struct {
	check      func(T) error // if any: what else has to make sense
	list       []T
	errs       []error // about some of the others
	unreadable int     // how many others there are
}

// add takes what decoding a row returned. It returns errEnough if too many records cannot be
// understood: to read on would keep others from reading.
func (r *records[T]) add(record T, err error) error {
	if err == nil && r.check != nil {
		err = r.check(record)
	}
	if err == nil {
		r.list = append(r.list, record)
		return nil
	}
	if r.unreadable++; r.unreadable <= maxErrors {
		r.errs = append(r.errs, err)
	}
	if r.unreadable == maxUnreadable {
		r.errs = append(r.errs, fmt.Errorf("%w: %d records cannot be understood, and the rest was not read", registry.ErrCorrupt, r.unreadable))
		return errEnough
	}
	return nil
}

// unreadable returns the errors about records that cannot be understood.
func (s *Store) unreadable(name string, errs []error) error {
	return s.named(name, store.LeftOut(errs...))
}

// errEnough ends a query of which enough was read.
var errEnough = errors.New("enough")

// each calls f with each row of a query, until that returns an error. It returns that error
// unless it is errEnough.
func (c *conn) each(f func(scan func(dest ...any) error) error, query string, args ...any) error {
	err := c.Each(f, query, args...)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// now is the registry's clock, as precise as it is stored.
func now() time.Time { return store.Instant(time.Now()) }
