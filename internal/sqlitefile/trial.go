package sqlitefile

import (
	"context"
	"errors"
	"fmt"
)

// Examine has SQLite check the structure of the file, and returns its journal mode.
// The mode is empty if no process has the file open: SQLite does not tell it then.
// ErrDamaged: the structure is damaged.
func (f *File) Examine(ctx context.Context) (mode string, err error) {
	return Read(ctx, f, func(c *Conn) (mode string, err error) {
		var damage string
		if err := c.Scan("PRAGMA quick_check(1)", &damage); err != nil {
			return "", err
		}
		if damage != "ok" {
			return "", fmt.Errorf("%w: %.200q", ErrDamaged, damage)
		}
		if f.db.immutable {
			return "", nil
		}
		err = c.Scan("PRAGMA journal_mode", &mode)
		return mode, err
	})
}

// TryWriteLock takes the lock that every write takes, and writes nothing. It works
// on a file that is opened to be read, too.
func (f *File) TryWriteLock(ctx context.Context) error {
	return f.onWriteLock(ctx, func(c *Conn) error { return c.Exec("ROLLBACK") })
}

// Trial calls fn with a file whose calls are all in one transaction, which is
// rolled back in the end, even if this process is killed. It works on a file that is
// opened to be read, too, if this user may write into it.
func (f *File) Trial(ctx context.Context, fn func(trial *File) error) error {
	var failure error
	err := f.onWriteLock(ctx, func(c *Conn) error {
		failure = fn(f.newTrial(c))
		_ = c.Exec("ROLLBACK") // or a trigger did it already
		return nil
	})
	if err == nil {
		err = failure
	}
	return err
}

// newTrial returns a file with one connection, whose transaction goes on.
func (f *File) newTrial(c *Conn) *File {
	c.inTrial = true
	trial := &File{
		given:     f.Path(),
		trial:     true,
		writeTurn: make(chan struct{}, 1),
		readTurn:  make(chan struct{}, 1),
		db:        &database{parts: f.db.parts[:1], writer: c, reader: c, gone: f.db.gone},
		closed:    f.closed,
	}
	trial.real.Store(&trial.given)
	trial.db.setGeneration(f.generation)
	return trial
}

// onWriteLock calls fn with a connection of its own that has the lock for writing.
// fn gives the lock back.
func (f *File) onWriteLock(ctx context.Context, fn func(c *Conn) error) error {
	_, err := onDatabase(ctx, f, f.writeTurn, func() (none struct{}, err error) {
		c, err := newConn(ctx, location(f.Path(), "mode=rw"))
		if err != nil {
			return none, err
		}
		defer func() { err = errors.Join(err, c.close()) }()
		if err := c.mayWrite(); err != nil {
			return none, err
		}
		if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
			return none, err
		}
		defer f.startKillTimer()()
		return none, fn(c)
	})
	return err
}
