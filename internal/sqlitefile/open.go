package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"os"

	_ "modernc.org/sqlite" // the driver

	"github.com/understudy-go/understudy/internal/openlimit"
)

// reopen opens the database that is at the path now, unless it is open.
func (f *File) reopen(ctx context.Context) error {
	_, err := call(ctx, f, f.writeTurn, func() (none struct{}, err error) {
		select {
		case f.readTurn <- struct{}{}:
			defer func() { <-f.readTurn }()
		case <-ctx.Done():
			return none, ctx.Err()
		}
		if err := f.current(); !errors.Is(err, errReplaced) {
			return none, err
		} else if f.db != nil {
			f.left = nil
			if errors.Is(err, errShrunk) {
				f.left = f.db.parts
			}
			f.db.abandon()
			f.db = nil
		}
		real, err := locate(f.given, f.options)
		if err != nil {
			return none, err
		}
		f.real.Store(&real)
		if f.db, err = f.open(ctx); err != nil {
			return none, err
		}
		if !f.db.same(f.left) {
			f.generation++
		}
		f.db.setGeneration(f.generation)
		return none, nil
	})
	return err
}

// open opens the database at the path. With [Create] it creates one if there is
// none. No other process of this program opens or creates it at the same time.
func (f *File) open(ctx context.Context) (*database, error) {
	if err := refuse(f.Path()); err != nil {
		return nil, err
	}
	if f.options.Access == ReadOnly {
		return f.openToRead(ctx)
	}
	var db *database
	err := patiently(ctx, func() (err error) {
		db, err = f.openToWrite(ctx)
		return err
	})
	return db, err
}

// openToWrite is one try to open the database to write into it.
func (f *File) openToWrite(ctx context.Context) (*database, error) {
	const advice = "give this user the right to write its directory, or name another file"
	existing := f.options.Access != Create
	mode := os.O_CREATE | os.O_RDWR
	if existing { // a file for notices that another user made would lock the others out
		mode = os.O_RDWR
	}
	lock, err := f.lockOpening(ctx, mode)
	switch {
	case existing && errors.Is(err, os.ErrNotExist):
		db, err := f.openToRead(ctx)
		if err != nil {
			return nil, err
		}
		db.abandon()
		return nil, fmt.Errorf("sqlite: %s: no process has worked with it: there is no %s", f.Path(), f.NoticePath())
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil, f.lockedOut(err)
	case err != nil:
		return nil, advise(openlimit.Cure(err, advice), "sqlite: %s: the files beside it cannot be written: %w", f.Path(), err)
	}
	defer lock.release()
	defer f.startKillTimer()() // a process that is frozen here locks the others out as well
	if existing {
		if err := mustExist(f.Path()); err != nil {
			return nil, err
		}
	}
	if err := create(f.Path()); err != nil {
		return nil, advise(openlimit.Cure(err, advice), "sqlite: %s cannot be created: %w", f.Path(), err)
	}
	others := siblings()
	if wouldUseShrunkIndex(f.Path(), others) {
		return nil, errMoving
	}
	db, err := connect(ctx, f.Path(), f.options)
	if err != nil {
		return nil, err
	}
	if err = lock.held(); err == nil {
		err = f.verify(db, others)
	}
	if err != nil {
		db.abandon()
		return nil, err
	}
	enter(db)
	return db, nil
}

// lockedOut says that a process kept this one from opening the file.
func (f *File) lockedOut(err error) error {
	return fmt.Errorf("sqlite: %s: %s is opening it: %w", f.Path(), f.openingLockOwner(), err)
}

// create makes an empty file, unless there is one. What SQLite left beside the file
// that was there before does not belong to the new one: others may have it open.
// The WAL index of a WAL that was removed does not belong to it either.
func create(path string) error {
	_, err := os.Stat(path)
	if err == nil {
		if _, err := os.Stat(path + "-wal"); errors.Is(err, os.ErrNotExist) {
			return remove(path + "-shm") // SQLite removes it before the WAL
		}
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := remove(path + suffix); err != nil {
			return err
		}
	}
	// O_EXCL: a file on which this process has locks is never opened here. Closing
	// it would drop them.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// connect opens the connections of a database and prepares its schema.
func connect(ctx context.Context, path string, o Options) (*database, error) {
	db := &database{gone: make(chan struct{})}
	if err := db.note(path); err != nil {
		return nil, err
	}
	err := func() (err error) {
		if db.writer, err = newConn(ctx, location(path, "mode=rw")); err != nil {
			return err
		}
		if err := o.Schema.prepare(db.writer, o.Access == Create); err != nil {
			return err
		}
		if db.reader, err = newConn(ctx, location(path, "mode=ro")); err != nil {
			return err
		}
		if _, err := o.Schema.isEmpty(db.reader); err != nil { // now SQLite has its WAL open, too
			return err
		}
		return db.noteWAL(path)
	}()
	return db.unlessMoving(path, err)
}

// verify returns errMoving if the database that was just opened is not the one at
// the path. Others may have made new files before the identities were noted, or it
// uses a sibling's WAL index, which is that of another WAL.
func (f *File) verify(db *database, others []*database) error {
	err := db.check(f.Path())
	if errors.Is(err, errReplaced) || err == nil && !db.immutable && db.usesOldIndex(others) {
		return errMoving
	}
	return err
}
