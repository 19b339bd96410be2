package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// look opens the file at the path for reading, without making any.
func (r *Registry) look(ctx context.Context) (*file, error) {
	var f *file
	err := patiently(ctx, func() error {
		lock, err := r.lockOpening(ctx, os.O_RDONLY)
		switch {
		case err == nil:
			defer lock.release()
			defer r.guard()()
		case ctx.Err() != nil:
			return fmt.Errorf("sqlite: %s: %s is opening it: %w", r.path(), r.opener(), ctx.Err())
		} // no lock to be had: what changes meanwhile is noticed below
		others := neighbours()
		if lent(r.path(), others) {
			return errMoving
		}
		if f, err = connectToLook(ctx, r.path()); err != nil {
			return err
		}
		if err := r.verify(f, others); err != nil {
			f.abandon()
			return err
		}
		if !f.still {
			enter(f)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// connectToLook opens the one connection of who reads. A file without a log is
// complete, and nobody has it open: SQLite would make a log to read it, and a
// user who must not would see nothing.
func connectToLook(ctx context.Context, path string) (*file, error) {
	f := &file{gone: make(chan struct{})}
	if err := f.note(path); err != nil {
		return nil, err
	}
	query := "mode=ro"
	if _, err := os.Stat(path + "-wal"); absent(err) {
		f.still, query = true, "mode=ro&immutable=1"
	}
	err := func() (err error) {
		if f.reader, err = newConn(ctx, location(path, query)); err != nil {
			return err
		}
		empty, err := f.reader.isEmpty()
		if err == nil && empty {
			err = missing(path) // somebody is about to fill it
		}
		if err != nil || f.still {
			return err
		}
		if err := f.note(path); err != nil {
			return err
		}
		return f.note(path)
	}()
	if err == nil {
		return f, nil
	}
	if errors.Is(f.check(path), errReplaced) || errors.Is(err, os.ErrNotExist) && !errors.Is(err, ErrMissing) || foreignIndex(err) {
		err = errMoving
	}
	f.abandon()
	return nil, err
}
