package sqlitefile

import (
	"context"
	"os"
)

// openToRead opens the database at the path to read it. It makes no file.
func (f *File) openToRead(ctx context.Context) (*database, error) {
	var db *database
	err := patiently(ctx, func() error {
		lock, err := f.lockOpening(ctx, os.O_RDONLY)
		switch {
		case err == nil:
			defer lock.release()
			defer f.startKillTimer()()
		case ctx.Err() != nil:
			return f.lockedOut(ctx.Err())
		} // This user may not have the lock. What changes meanwhile is noticed below.
		others := siblings()
		if wouldUseShrunkIndex(f.Path(), others) {
			return errMoving
		}
		if db, err = connectToRead(ctx, f.Path(), f.options.Schema); err != nil {
			return err
		}
		if err := f.verify(db, others); err != nil {
			db.abandon()
			return err
		}
		if !db.immutable {
			enter(db)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return db, nil
}

// connectToRead opens the one connection of a process that only reads. A file
// without a WAL is complete, and no process has it open. It is opened as immutable:
// otherwise SQLite would make a WAL to read it, and a user who may not write could
// not read it.
func connectToRead(ctx context.Context, path string, s Schema) (*database, error) {
	db := &database{gone: make(chan struct{})}
	if err := db.note(path); err != nil {
		return nil, err
	}
	query := "mode=ro"
	if _, err := os.Stat(path + "-wal"); absent(err) {
		db.immutable, query = true, "mode=ro&immutable=1"
	}
	err := func() (err error) {
		if db.reader, err = newConn(ctx, location(path, query)); err != nil {
			return err
		}
		empty, err := s.isEmpty(db.reader)
		if err == nil && empty {
			err = missing(path) // another process is about to fill it
		}
		if err != nil || db.immutable {
			return err
		}
		return db.noteWAL(path)
	}()
	return db.unlessMoving(path, err)
}
