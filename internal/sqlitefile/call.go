package sqlitefile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// onDatabase calls fn with the connection of a turn, for the database that is at
// the path now. If the open one was replaced, it opens that one first.
func onDatabase[T any](ctx context.Context, f *File, turn chan struct{}, fn func() (T, error)) (T, error) {
	for {
		result, err := call(ctx, f, turn, func() (result T, err error) {
			err = patiently(ctx, func() error {
				if err := f.current(); err != nil {
					return err
				}
				result, err = fn()
				if f.db.immutable { // another process may have written into it meanwhile
					err = cmp.Or(f.current(), err)
				}
				return err
			})
			return result, err
		})
		if !errors.Is(err, errReplaced) || f.trial {
			return result, err
		}
		if err := f.reopen(ctx); err != nil && !errors.Is(err, errReplaced) {
			return result, err
		}
	}
}

// call runs fn on a goroutine that has the turn, and returns when fn does, or when
// ctx ends. In the latter case fn goes on, and its result is dropped: a disk that
// hangs holds up no caller.
func call[T any](ctx context.Context, f *File, turn chan struct{}, fn func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return none, fmt.Errorf("sqlite: %s: an earlier call has not returned: %w", f.Path(), ctx.Err())
	}
	if f.isClosed() {
		<-turn
		return none, ErrClosed
	}
	type answer struct {
		result T
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		debug.SetPanicOnFault(true) // of this goroutine alone
		defer f.onFault()
		result, err := fn()
		<-turn
		answered <- answer{result, f.explain(err)}
	}()
	var a answer
	select {
	case a = <-answered:
	case <-ctx.Done():
		select { // a call that waits for a lock ends now as well, and knows more
		case a = <-answered:
		case <-time.After(20 * time.Millisecond):
			a.err = fmt.Errorf("sqlite: %s: it has not answered: %w", f.Path(), ctx.Err())
		}
	}
	if a.err != nil {
		return none, a.err
	}
	return a.result, nil
}

// onFault ends this process with one sentence if the open -shm was truncated in the
// middle of a call, after its size had been compared. Then nothing of SQLite's state
// can be trusted, and only the kernel frees its locks. onFault is deferred on a
// goroutine on which a fault is a panic. Otherwise the runtime would print all other
// goroutines as well, and no cause.
func (f *File) onFault() {
	if fault := recover(); fault != nil {
		if f.db != nil && errors.Is(f.db.check(f.Path()), errShrunk) {
			panic(fmt.Sprintf("sqlite: %s-shm was truncated while it was in use: leave it alone (%v)", f.Path(), fault))
		}
		panic(fault)
	}
}
