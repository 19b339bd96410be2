package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	_ "modernc.org/sqlite" // the driver

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/internal/finding"
)

// file is the database, open: what was at the path at that time.
type file struct {
	parts          []os.FileInfo // of the names in suffixes
	writer, reader *conn         // no writer: opened for reading
	still          bool          // nobody had it open, so it is read as it is
	gone           chan struct{} // closed with it
}

// suffixes are those of the files that are the database while it is open. SQLite
// never replaces one then: the log is written over from its start, and only who
// closes the database last removes it and its index.
var suffixes = []string{"", "-wal", "-shm"}

// isAt reports whether the files are still those at the path. What is committed
// may be in a log that nobody else will ever find.
func (f *file) isAt(path string) bool {
	if f == nil {
		return false
	}
	for i, part := range f.parts {
		info, err := os.Stat(path + suffixes[i])
		if err != nil || !os.SameFile(info, part) {
			return false
		}
		if f.still && (info.Size() != part.Size() || !info.ModTime().Equal(part.ModTime())) {
			return false
		}
	}
	if f.still {
		_, err := os.Stat(path + "-wal")
		return errors.Is(err, os.ErrNotExist)
	}
	return true
}

// note adds the next of the files at the path, which are known to be open.
func (f *file) note(path string) error {
	info, err := os.Stat(path + suffixes[len(f.parts)])
	if err == nil {
		f.parts = append(f.parts, info)
	}
	return err
}

// close saves what is in the log, if nobody else has the file open.
func (f *file) close() error {
	if f == nil {
		return nil
	}
	defer leave(f)
	close(f.gone)
	return errors.Join(f.reader.close(), f.writer.close())
}

// abandon closes a file that is not at the path any more. Its log must not be
// saved: it would go into the file of those who have begun another one. SQLite
// saves it when the last connection closes, unless that one cannot write.
func (f *file) abandon() {
	if f == nil {
		return
	}
	defer leave(f)
	close(f.gone)
	_ = f.writer.close()
	_ = f.reader.close()
}

// openFile opens the file at the path, creating it if there is none and it need
// not exist. No other process of ours opens or creates it at the same time.
func (r *Registry) openFile(ctx context.Context) (*file, error) {
	existing := r.o.Access != registry.Join
	if err := refuseNetwork(r.path()); err != nil {
		return nil, err
	}
	if info, err := os.Stat(r.path()); err == nil {
		const smallest = 512 // a page; SQLite would take less for nothing and write over it
		switch {
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%w: %s is %s, not a file: name a file, or one that is not there yet", ErrPath, r.path(), kindOf(info.Mode()))
		case info.Size() > 0 && info.Size() < smallest:
			return nil, fmt.Errorf("%w: it is no SQLite database: name another file", registry.ErrCorrupt)
		}
	}
	if err := refuseNames(r.path()); err != nil {
		return nil, err
	}
	if r.o.Access == registry.Look {
		return r.look(ctx)
	}
	var f *file
	mode := os.O_CREATE | os.O_RDWR
	if existing { // one that another user made would lock the instances out
		mode = os.O_RDWR
	}
	err := patiently(ctx, func() (err error) {
		lock, err := r.lockOpening(ctx, mode)
		if existing && errors.Is(err, os.ErrNotExist) {
			f, err := r.look(ctx)
			if err != nil {
				return err
			}
			f.abandon()
			return fmt.Errorf("sqlite: %s: no instance has run with it: there is no %s", r.path(), r.noticePath())
		}
		if err != nil && err == ctx.Err() {
			return fmt.Errorf("sqlite: %s: another process is opening it: %w", r.path(), err)
		}
		if err != nil {
			return fmt.Errorf("sqlite: %s: the files beside it cannot be written: %w: %s", r.path(), err,
				finding.Files(err, "give this user the right to write its directory, or name another"))
		}
		defer lock.release()
		defer r.guard()() // a process that is frozen here locks everyone out as well
		if existing {
			if err := mustExist(r.path()); err != nil {
				return err
			}
		}
		if err := create(r.path()); err != nil {
			return fmt.Errorf("sqlite: %s cannot be created: %w: %s", r.path(), err, finding.Files(err, "give this user the right to write its directory, or name another"))
		}
		others := neighbours()
		if f, err = connect(ctx, r.path()); err != nil {
			return err
		}
		// Without the lock, another may have made new files before they were noted.
		if !lock.held() || !f.isAt(r.path()) || f.shares(others) {
			f.abandon()
			return errMoving
		}
		enter(f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// create makes an empty file, unless there is one. What SQLite left beside the
// file that was there before is not for the new one: others may have it open.
// Neither is the index of a log that was removed.
func create(path string) error {
	_, err := os.Stat(path)
	if err == nil {
		if _, err := os.Stat(path + "-wal"); errors.Is(err, os.ErrNotExist) {
			return remove(path + "-shm") // SQLite removes it before the log
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
	// One that this process holds locks on is never opened here: O_EXCL.
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

// connect opens the connections of a file and sees to its schema.
func connect(ctx context.Context, path string) (*file, error) {
	f := &file{gone: make(chan struct{})}
	if err := f.note(path); err != nil {
		return nil, errMoving
	}
	err := func() (err error) {
		if f.writer, err = newConn(ctx, location(path, "mode=rw")); err != nil {
			return err
		}
		if err := f.writer.prepareSchema(); err != nil {
			return err
		}
		if f.reader, err = newConn(ctx, location(path, "mode=ro")); err != nil {
			return err
		}
		if _, err := f.reader.isEmpty(); err != nil { // now its log is open, too
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
	if !f.isAt(path) || errors.Is(err, os.ErrNotExist) || foreignIndex(err) {
		err = errMoving
	}
	f.abandon()
	return nil, err
}
