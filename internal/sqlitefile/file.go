package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
)

// Access is what a file is opened for.
type Access int

const (
	// Create is for those that work with the file: what is missing is made, and a
	// file of an older version is upgraded.
	Create Access = iota
	// Write is for those that write into a file that others made: nothing is made.
	Write
	// ReadOnly is for those that only read: nothing is made or written, and the
	// right to read is enough. Commit returns ErrReadOnly.
	ReadOnly
)

// Options are what Open needs to know besides the path.
type Options struct {
	Schema Schema
	Access Access
	// MakeDirectory has the file's directory made, for this user alone, where it is
	// missing. Otherwise a missing directory is ErrPath: the path may have a mistake
	// in it, and another file would be begun there.
	MakeDirectory bool
	// KillAfter is how long this process may take for one write transaction. It is
	// killed when it takes longer, because a process that is frozen in a transaction
	// locks all others out. Zero: never.
	KillAfter time.Duration
}

// File is a database file that other processes use at the same time. Its calls
// always go to the file that is at the path now. It may be used by several
// goroutines.
type File struct {
	given   string                 // the path, as it was given
	real    atomic.Pointer[string] // where it led to when it was last opened; changed with both turns
	options Options
	timer   *boottime.KillTimer // nil: it is not wanted, or this system has none
	trial   bool                // all of its calls are in one transaction, see Trial

	// Whoever has put a token into one of these channels uses its connection.
	// Opening the file takes both, writeTurn first.
	writeTurn, readTurn chan struct{}

	db         *database     // changed with both turns, used with either
	left       []os.FileInfo // the parts of a database that was left although nothing of it is lost; with writeTurn
	generation int64         // of db; with writeTurn

	closing sync.Once
	closed  chan struct{}
	watches sync.WaitGroup
}

// Open opens the file at path. With [Create], a missing file is created, and its
// directory if that is wanted; otherwise a missing file is ErrMissing. Open
// refuses a path that several processes cannot share (ErrPath), a file of another
// program (ErrForeign), a file of a newer version (ErrNewer), and a file that
// cannot be written (ErrRefused) unless it is opened to be read.
func Open(ctx context.Context, path string, o Options) (*File, error) {
	if path == "" {
		return nil, advise("name a file", "%w: the path is empty", ErrPath)
	}
	given, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	f := &File{
		given:     given,
		options:   o,
		writeTurn: make(chan struct{}, 1),
		readTurn:  make(chan struct{}, 1),
		closed:    make(chan struct{}),
	}
	f.real.Store(&given)
	if o.KillAfter > 0 {
		// A system without such a timer is no reason not to run.
		f.timer, err = boottime.NewKillTimer()
		if o.Access == Create && errors.Is(err, syscall.EAGAIN) {
			return nil, fmt.Errorf("sqlite: %s: the timer that ends a frozen writer: %w", given, err)
		}
	}
	if err := f.reopen(ctx); err != nil {
		_ = f.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return f, nil
}

// Path returns where the file really is. SQLite puts the WAL and the WAL index there.
func (f *File) Path() string { return *f.real.Load() }

// current returns errReplaced if the open database is not the one that the path
// leads to now. A symbolic link in the path may lead to another directory now.
func (f *File) current() error {
	if err := f.db.check(f.Path()); err != nil || f.given == f.Path() {
		return err
	}
	_, err := statSame(f.given, f.db.parts[0])
	return err
}

// Close ends all watches and closes the file, once the calls that are under way
// have ended. If ctx ends before that, Close returns, and the file is closed later.
// A second call returns ErrClosed.
func (f *File) Close(ctx context.Context) error {
	first := false
	f.closing.Do(func() { close(f.closed); first = true })
	if !first {
		return ErrClosed
	}
	done := make(chan error, 1)
	go func() {
		debug.SetPanicOnFault(true) // see call
		defer f.onFault()
		f.writeTurn <- struct{}{}
		f.readTurn <- struct{}{}
		f.watches.Wait()
		defer func() { <-f.readTurn; <-f.writeTurn }()
		var err error
		if f.current() == nil {
			err = f.db.close()
		} else {
			f.db.abandon()
		}
		f.db = nil
		if f.timer != nil {
			err = errors.Join(err, f.timer.Close())
			f.timer = nil
		}
		done <- err
	}()
	select {
	case err := <-done:
		return f.explain(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *File) isClosed() bool {
	select {
	case <-f.closed:
		return true
	default:
		return false
	}
}

// startKillTimer has the kernel kill this process after KillAfter, unless the
// function that it returns is called before.
func (f *File) startKillTimer() (stop func()) {
	if f.timer == nil || f.timer.Arm(boottime.Now()+f.options.KillAfter) != nil {
		return func() {}
	}
	return func() { _ = f.timer.Disarm() }
}
