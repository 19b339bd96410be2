package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	_ "modernc.org/sqlite" // the driver

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

// file is the database, open: what was at the path at that time.
type file struct {
	parts          []os.FileInfo // of the names in suffixes
	writer, reader *conn         // no writer: opened for reading
	index          atomic.Int64  // the largest size of its -shm that was seen
	still          bool          // nobody had it open, so it is read as it is
	gone           chan struct{} // closed with it
	notices        *notices      // of those who watch; used with the read lane
}

// suffixes are those of the files that are the database while it is open. SQLite
// never replaces one then: the log is written over from its start, and only who
// closes the database last removes it and its index.
var suffixes = []string{"", "-wal", "-shm"}

// check returns errReplaced if the files are not those at the path any more. What
// is committed may be in a log that nobody else will ever find. Any other error
// says that this cannot be told now: that may pass, and replaces nothing.
func (f *file) check(path string) error {
	if f == nil {
		return errReplaced
	}
	for i, part := range f.parts {
		info, err := statSame(path+suffixes[i], part)
		switch {
		case err != nil:
			return err
		case f.still && (info.Size() != part.Size() || !info.ModTime().Equal(part.ModTime())):
			return errReplaced
		case i == 2:
			if err := f.measure(info.Size()); err != nil {
				return err
			}
		}
	}
	if f.still {
		switch _, err := os.Stat(path + "-wal"); {
		case err == nil:
			return errReplaced
		case !absent(err):
			return untold(path, err)
		}
	}
	return nil
}

// measure returns errShrunk if the index is smaller than it was. SQLite only ever
// makes it larger, and has all of it mapped: who reads what is not there any more
// dies of SIGBUS.
func (f *file) measure(size int64) error {
	for {
		largest := f.index.Load()
		if size < largest {
			return errShrunk
		}
		if size == largest || f.index.CompareAndSwap(largest, size) {
			return nil
		}
	}
}

// note adds the next of the files at the path, which are known to be open.
func (f *file) note(path string) error {
	info, err := os.Stat(path + suffixes[len(f.parts)])
	switch {
	case absent(err):
		return errMoving
	case err != nil:
		return untold(path, err)
	}
	f.parts = append(f.parts, info)
	return nil
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
	if n := len(r.path()); n > longestPath {
		return nil, fmt.Errorf("%w: %s has %d bytes, and SQLite takes paths of up to %d: name a shorter one", ErrPath, r.path(), n, longestPath)
	}
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
			return fmt.Errorf("sqlite: %s: %s is opening it: %w", r.path(), r.opener(), err)
		}
		if err != nil {
			return fmt.Errorf("sqlite: %s: the files beside it cannot be written: %w: %s", r.path(), err,
				finding.OpenCure(err, "give this user the right to write its directory, or name another"))
		}
		defer lock.release()
		defer r.guard()() // a process that is frozen here locks everyone out as well
		if existing {
			if err := mustExist(r.path()); err != nil {
				return err
			}
		}
		if err := create(r.path()); err != nil {
			return fmt.Errorf("sqlite: %s cannot be created: %w: %s", r.path(), err, finding.OpenCure(err, "give this user the right to write its directory, or name another"))
		}
		others := neighbours()
		if lent(r.path(), others) {
			return errMoving
		}
		if f, err = connect(ctx, r.path(), !existing); err != nil {
			return err
		}
		if err = lock.held(); err == nil {
			err = r.verify(f, others)
		}
		if err != nil {
			f.abandon()
			return err
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
func connect(ctx context.Context, path string, join bool) (*file, error) {
	f := &file{gone: make(chan struct{})}
	if err := f.note(path); err != nil {
		return nil, err
	}
	err := func() (err error) {
		if f.writer, err = newConn(ctx, location(path, "mode=rw")); err != nil {
			return err
		}
		if err := f.writer.prepareSchema(join); err != nil {
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
	if errors.Is(f.check(path), errReplaced) || errors.Is(err, os.ErrNotExist) || foreignIndex(err) {
		err = errMoving
	}
	f.abandon()
	return nil, err
}

// verify returns errMoving if the file that was just opened is not the one at the
// path: others may have made new files before they were noted, or a neighbour's
// index is used, which is that of another log.
func (r *Registry) verify(f *file, others []*file) error {
	err := f.check(r.path())
	if errors.Is(err, errReplaced) || err == nil && !f.still && f.shares(others) {
		return errMoving
	}
	return err
}
