package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
)

// errReplaced says that the open files are no longer those at the path.
var errReplaced = errors.New("sqlite: the file, its -wal or its -shm was removed or replaced")

// errShrunk says that the open -shm was truncated: it has to be opened anew, and
// nothing is lost.
var errShrunk = fmt.Errorf("%w, or the -shm was truncated", errReplaced)

// reading runs f in a read transaction and returns what it returns.
func reading[T any](ctx context.Context, r *Registry, f func(c *conn) (T, error)) (T, error) {
	return onFile(ctx, r, r.read, func() (result T, err error) {
		c := r.file.reader
		if err := c.begin("BEGIN"); err != nil {
			return result, err
		}
		result, err = f(c)
		return result, c.finish(err)
	})
}

// records are what a write is about.
type records bool

const (
	ofInstances records = false
	ofTerms     records = true // synced to the disk, and announced
)

// writing runs f in a write transaction, which is committed if f returns no
// error. It returns what f returns.
func writing[T any](ctx context.Context, r *Registry, what records, f func(c *conn) (T, error)) (T, error) {
	return onFile(ctx, r, r.write, func() (result T, err error) {
		c := r.file.writer
		if c == nil {
			return result, fmt.Errorf("sqlite: %s: %w", r.path(), registry.ErrReadOnly)
		}
		if err := c.synchronous(what == ofTerms); err != nil {
			return result, err
		}
		result, err = transact(ctx, r, c, f)
		if code(err) == sqlite3.SQLITE_FULL && c.exec("PRAGMA wal_checkpoint(PASSIVE)") == nil {
			result, err = transact(ctx, r, c, f) // over the log from its start, which takes no more room
		}
		if err == nil && what == ofTerms && !c.rehearsing {
			r.announce()
		}
		return result, err
	})
}

// transact runs f in one write transaction.
func transact[T any](ctx context.Context, r *Registry, c *conn, f func(c *conn) (T, error)) (result T, err error) {
	if err := c.begin("BEGIN IMMEDIATE"); err != nil {
		return result, err
	}
	defer r.guard()()
	if result, err = f(c); err == nil {
		err = ctx.Err() // nobody waits for it any more
	}
	return result, c.finish(c.refusal(err))
}

// guard has the kernel kill this process unless the function that it returns is
// called within the quota.
func (r *Registry) guard() (release func()) {
	if r.timer == nil || r.timer.Arm(boottime.Now()+r.quota) != nil {
		return func() {}
	}
	return func() { _ = r.timer.Disarm() }
}

// onFile calls f in a lane, with the file that is at the path now.
func onFile[T any](ctx context.Context, r *Registry, lane chan struct{}, f func() (T, error)) (T, error) {
	for {
		result, err := call(ctx, r, lane, func() (result T, err error) {
			err = patiently(ctx, func() error {
				if err := r.current(); err != nil {
					return err
				}
				result, err = f()
				if r.file.still { // somebody may have written to it meanwhile
					err = cmp.Or(r.current(), err)
				}
				return err
			})
			return result, err
		})
		if !errors.Is(err, errReplaced) {
			return result, err
		}
		if err := r.reopen(ctx); err != nil && !errors.Is(err, errReplaced) {
			return result, err
		}
	}
}

// reopen opens the file that is at the path now, unless it is open.
func (r *Registry) reopen(ctx context.Context) error {
	_, err := call(ctx, r, r.write, func() (none struct{}, err error) {
		select {
		case r.read <- struct{}{}:
			defer func() { <-r.read }()
		case <-ctx.Done():
			return none, ctx.Err()
		}
		if err := r.current(); !errors.Is(err, errReplaced) {
			return none, err
		} else if r.file != nil {
			r.left = nil
			if errors.Is(err, errShrunk) {
				r.left = r.file.parts
			}
			r.file.abandon()
			r.file = nil
		}
		real, err := locate(r.given, r.o)
		if err != nil {
			return none, err
		}
		r.real.Store(&real)
		if r.file, err = r.openFile(ctx); err != nil {
			return none, err
		}
		if !slices.EqualFunc(r.left, r.file.parts, os.SameFile) {
			r.generation++
		}
		return none, nil
	})
	return err
}

// call runs f on a goroutine that has the lane to itself, and returns when f
// does, or when ctx ends: f goes on then, but nobody listens.
func call[T any](ctx context.Context, r *Registry, lane chan struct{}, f func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	select {
	case lane <- struct{}{}:
	case <-ctx.Done():
		return none, fmt.Errorf("sqlite: %s: a call before this one has not come back: %w", r.path(), ctx.Err())
	}
	if r.isClosed() {
		<-lane
		return none, registry.ErrClosed
	}
	type answer struct {
		result T
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		debug.SetPanicOnFault(true) // of this goroutine alone
		defer r.onFault()
		result, err := f()
		<-lane
		answered <- answer{result, r.explain(err)}
	}()
	var a answer
	select {
	case a = <-answered:
	case <-ctx.Done():
		select { // who waits for a lock ends now as well, and knows more
		case a = <-answered:
		case <-time.After(20 * time.Millisecond):
			a.err = fmt.Errorf("sqlite: %s: it has not answered: %w", r.path(), ctx.Err())
		}
	}
	if a.err != nil {
		return none, a.err
	}
	return a.result, nil
}

// onFault ends this process with one sentence if the open -shm was truncated in the
// middle of a call, after its size had been compared. Of SQLite's state nothing can
// be trusted then, and nobody but the kernel frees its locks. It is
// for a goroutine on which a fault is a panic: else the runtime prints all others
// as well, and no cause.
func (r *Registry) onFault() {
	if fault := recover(); fault != nil {
		if r.file != nil && errors.Is(r.file.check(r.path()), errShrunk) {
			panic(fmt.Sprintf("sqlite: %s-shm was truncated while it was in use: leave it alone (%v)", r.path(), fault))
		}
		panic(fault)
	}
}

// patiently calls try until it finds no lock in its way, or ctx ends. SQLite's
// own busy_timeout would sleep through the end of a context. It gives up a little
// before a deadline, so that its caller still listens to who was in the way.
func patiently(ctx context.Context, try func() error) error {
	const shortest, longest, early = 100 * time.Microsecond, 4 * time.Millisecond, 50 * time.Millisecond
	begun, limit := time.Now(), time.Duration(math.MaxInt64)
	if end, ok := ctx.Deadline(); ok {
		limit = time.Until(end)
		limit -= min(early, limit/10)
	}
	for pause := shortest; ; pause = min(2*pause, longest) {
		err := try()
		if !busy(err) {
			return err
		}
		waited := time.Since(begun)
		if waited >= limit {
			return fmt.Errorf("%w after %v: %w", context.DeadlineExceeded, waited.Round(time.Millisecond), err)
		}
		timer := time.NewTimer(min(pause/2+rand.N(pause), limit-waited))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w after %v: %w", ctx.Err(), waited.Round(time.Millisecond), err)
		}
	}
}
