package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/internal/finding"
)

// Options are what Open needs to know beside the path.
type Options struct {
	// OrphanAfter is after how long a silent instance counts as gone. This
	// process is killed when it is frozen inside a write transaction for a
	// quarter of that; zero: never.
	OrphanAfter time.Duration
	// Access is what the file is opened for. Only [registry.Join] makes one; with
	// [registry.Look] it is not locked against writing either.
	Access registry.Access
	// MakeDirectory has the file's directory made, for this user alone, where it is
	// missing. Otherwise that is ErrPath: the path may have a mistake in it, and
	// another registry would begin there.
	MakeDirectory bool
}

// Registry is a registry in a SQLite file. It has all of [registry.Registry]
// and [registry.Admin].
type Registry struct {
	given string                 // the path, as it was given
	real  atomic.Pointer[string] // where it led to at the latest opening; changed with both lanes
	o     Options
	timer *boottime.KillTimer // nil: not wanted, or not to be had
	quota time.Duration       // of a write transaction

	// Whoever has put a token into a lane uses its connection. Opening the file
	// takes both, write first.
	write, read chan struct{}

	file       *file             // changed with both lanes, used with either
	left       []os.FileInfo     // the parts of one that was left though nothing of it is lost; write lane
	generation int               // of the file; write lane
	homes      map[uuid.UUID]int // the generation that an instance was first seen in; write lane

	closing sync.Once
	closed  chan struct{}
	watches sync.WaitGroup
}

var _ registry.Backend = (*Registry)(nil)

// Open opens the registry in the file at path. A missing file is created, its
// directory only if that is wanted. It refuses what cannot be a
// registry for several processes: a file that is not ours (ErrCorrupt), one of
// a newer version (ErrSchema), one that cannot be written, and a path that
// several cannot share (ErrPath): on a network file system, or a file that is
// mounted by itself or has several names. Only [registry.Join] creates anything:
// otherwise ErrMissing.
func Open(ctx context.Context, path string, o Options) (*Registry, error) {
	if path == "" {
		return nil, fmt.Errorf("open: %w: the path is empty: name a file", ErrPath)
	}
	given, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open: sqlite: %w", err)
	}
	r := &Registry{
		given:  given,
		o:      o,
		quota:  o.OrphanAfter / 4,
		write:  make(chan struct{}, 1),
		read:   make(chan struct{}, 1),
		homes:  map[uuid.UUID]int{},
		closed: make(chan struct{}),
	}
	r.real.Store(&given)
	if r.quota > 0 {
		// Where there is none a freeze costs what it costs; that is no reason not to run.
		r.timer, err = boottime.NewKillTimer()
		if o.Access == registry.Join && errors.Is(err, syscall.EAGAIN) {
			return nil, fmt.Errorf("open: sqlite: %s: the timer that guards its writes: %w", given, err)
		}
	}
	if err := r.reopen(ctx); err != nil {
		_ = r.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("open: %w", err)
	}
	return r, nil
}

// path is where the file really is, which is where SQLite puts its other files.
func (r *Registry) path() string { return *r.real.Load() }

// current returns errReplaced if the open files are not those that the path leads
// to now: a link in it may have been turned to another directory.
func (r *Registry) current() error {
	if err := r.file.check(r.path()); err != nil || r.given == r.path() {
		return err
	}
	_, err := statSame(r.given, r.file.parts[0])
	return err
}

// locate returns where a path leads to.
func locate(path string, o Options) (string, error) {
	dir := filepath.Dir(path)
	switch {
	case o.Access != registry.Join:
		if err := mustExist(path); err != nil {
			return "", err
		}
	case o.MakeDirectory:
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("sqlite: %s: its directory is missing and cannot be made: %w: %s", path, err, finding.Files(err, "name a file in a directory of yours"))
		}
	default:
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("%w: %s: its directory is not there: make it, or correct the path", ErrPath, path)
		}
	}
	switch info, err := os.Lstat(path); {
	case err != nil && !absent(err):
		return "", untold(path, err)
	case err == nil && info.Mode()&os.ModeSymlink != 0:
		real, err := filepath.EvalSymlinks(path)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return "", untold(path, err)
		case err != nil:
			return "", fmt.Errorf("%w: %s is a link to what is not there: %w: make the directory that it leads to, or correct it", ErrPath, path, err)
		}
		return real, nil
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// Close ends all watches and closes the file, once the calls that are still
// under way are done. The file is closed by and by if ctx ends before.
func (r *Registry) Close(ctx context.Context) error {
	first := false
	r.closing.Do(func() { close(r.closed); first = true })
	if !first {
		return fmt.Errorf("close: %w", registry.ErrClosed)
	}
	done := make(chan error, 1)
	go func() {
		debug.SetPanicOnFault(true) // see call
		defer r.onFault()
		r.write <- struct{}{}
		r.read <- struct{}{}
		r.watches.Wait()
		defer func() { <-r.read; <-r.write }()
		var err error
		if r.current() == nil {
			err = r.file.close()
		} else {
			r.file.abandon()
		}
		r.file = nil
		if r.timer != nil {
			err = errors.Join(err, r.timer.Close())
			r.timer = nil
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("close: %w", r.explain(err))
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close: %w", ctx.Err())
	}
}

func (r *Registry) isClosed() bool {
	select {
	case <-r.closed:
		return true
	default:
		return false
	}
}

// now is the registry's clock, as precise as it is stored.
func now() time.Time { return time.Now().Truncate(time.Microsecond).UTC() }
