package sqlitefile

import (
	"context"
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"
)

// Durability says what a committed transaction survives.
type Durability int

const (
	// Relaxed survives the end of every process. A power cut may lose it.
	Relaxed Durability = iota
	// Durable is synced to the disk before Commit returns, and then wakes the
	// watches of all processes.
	Durable
	// Quiet is synced to the disk before Commit returns, and wakes nobody.
	Quiet
)

// Read runs fn in a read transaction, which sees the file as of one instant, and
// returns what fn returns. It waits for no writer. It is called again if the file
// was replaced meanwhile.
//
// fn is on a goroutine of its own, and goes on if ctx ends before it returns. So it
// must hand over what it reads by its result, and must not write to variables of
// the caller.
func Read[T any](ctx context.Context, f *File, fn func(c *Conn) (T, error)) (T, error) {
	return onDatabase(ctx, f, f.readTurn, func() (result T, err error) {
		c := f.db.reader
		if err := c.begin("BEGIN"); err != nil {
			return result, err
		}
		result, err = fn(c)
		return result, c.finish(err)
	})
}

// Commit runs fn in a write transaction, which is committed if fn returns no error.
// It returns what fn returns. Writers of all processes come one after another: if
// another process has the lock, Commit tries again until ctx ends. The rules
// for fn are those of [Read]. ErrReadOnly: the file was opened to be read.
func Commit[T any](ctx context.Context, f *File, d Durability, fn func(c *Conn) (T, error)) (T, error) {
	return onDatabase(ctx, f, f.writeTurn, func() (result T, err error) {
		c := f.db.writer
		if c == nil {
			return result, fmt.Errorf("sqlite: %s: %w", f.Path(), ErrReadOnly)
		}
		if err := c.synchronous(d); err != nil {
			return result, err
		}
		result, err = transact(ctx, f, c, fn)
		if code(err) == sqlite3.SQLITE_FULL && c.Exec("PRAGMA wal_checkpoint(PASSIVE)") == nil {
			result, err = transact(ctx, f, c, fn) // writes over the WAL from its start, which takes no more room
		}
		if err == nil && d == Durable && !f.trial {
			f.notify(c.topics)
		}
		return result, err
	})
}

// transact runs fn in one write transaction.
func transact[T any](ctx context.Context, f *File, c *Conn, fn func(c *Conn) (T, error)) (result T, err error) {
	if err := c.begin("BEGIN IMMEDIATE"); err != nil {
		return result, err
	}
	c.topics = nil
	defer f.startKillTimer()()
	if result, err = fn(c); err == nil {
		err = ctx.Err() // nobody waits for it any more
	}
	return result, c.finish(err)
}
