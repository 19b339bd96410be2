package worker

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// LastWill has the terms of this process ended, and its registrations deleted, when the
// process is killed or crashes. If it runs jobs, how their runs ended is recorded before. So peers take over within milliseconds, and not after the
// orphan age. It has to be the first call of main:
//
//	func main() {
//		worker.LastWill(func(ctx context.Context) (registry.Registry, error) {
//			return mongodb.Open(ctx, os.Getenv("REGISTRY"), mongodb.Options{Access: registry.Ask})
//		})
//
// It applies to every heartbeat.Member of this process, so their instances all have to be
// in the registry that open opens. A guard outlives the process, kills what is left of its
// commands, and then starts this program once more. There main begins as usual, up to this
// call, which opens the registry, writes to it, and never returns. The open function finds
// the arguments, the environment and the working directory that the dead process had when
// it called LastWill. It is called again after an error, for as long as peers would wait
// without a last will. What a package-level variable has read from the environment or the
// arguments is not restored, so open has to read them itself. A main that takes more than five seconds to come to this call is
// ended, and no heartbeat.Member runs before it.
//
// Work in this process ends with it. But a process that it started by other means than this
// package may live on, and would work at the same time as a peer. So start such processes
// with a [Command], or such that they die with this process.
//
// Only Linux has a last will, from version 5.4 on. Elsewhere peers wait for the orphan age.
// LastWill returns an error if this process will have none.
func LastWill(open func(ctx context.Context) (registry.Registry, error)) error {
	t, err := guard.ReadTestament()
	if err != nil {
		os.Exit(1)
	}
	if t != nil {
		os.Exit(execute(t, open))
	}
	return guard.Bequeath()
}

const (
	willCallTime = 5 * time.Second        // for one call of the registry
	willPause    = 100 * time.Millisecond // between the first two tries
	maxWillPause = time.Second            // between two tries
	maxWillCalls = 16                     // at a time, of terms and registrations, and of runs
	willRunTime  = 10 * time.Second       // for the ends of all runs of a term, before that is ended
	willRunPart  = 20                     // and no more than this part of the time that is left
)

// execute carries out a last will, and returns the exit code.
func execute(t *guard.Testament, open func(ctx context.Context) (registry.Registry, error)) int {
	ctx, cancel := context.WithTimeout(context.Background(), t.Until-boottime.Now())
	defer cancel()
	left := t.Entries
	for pause := willPause; ; pause = min(2*pause, maxWillPause) {
		left = tryWill(ctx, t.Dir, left, t.Runs, open)
		if len(left) == 0 {
			t.Done()
			return 0
		}
		if sleep(ctx, pause) != nil {
			return 1
		}
	}
}

// tryWill returns the entries that are left to be carried out. It stays in the directory
// only while the registry is opened, since what is named there may be relative to it. If
// it cannot be entered, what is named in full is still found. The ends of runs come before
// the end of their term, since the next instance decides about those that have none. But
// that instance can do so, and therefore the term does not wait for them for long.
func tryWill(ctx context.Context, dir string, entries []lastwill.Entry, runs []lastwill.Run, open func(ctx context.Context) (registry.Registry, error)) (left []lastwill.Entry) {
	_ = os.Chdir(dir)
	reg, err := open(ctx)
	_ = os.Chdir("/")
	if err != nil {
		return entries
	}
	defer func() {
		closing, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = reg.Close(closing)
	}()
	var (
		mu    sync.Mutex
		tries sync.WaitGroup
		room  = make(chan struct{}, maxWillCalls)
	)
	for _, e := range entries {
		room <- struct{}{}
		tries.Go(func() {
			defer func() { <-room }()
			settleRuns(ctx, e, runs, reg)
			call, cancel := context.WithTimeout(ctx, willCallTime)
			defer cancel()
			if err := e.Execute(call, reg); err != nil {
				mu.Lock()
				defer mu.Unlock()
				left = append(left, e)
			}
		})
	}
	tries.Wait()
	return left
}

// settleRuns records how the runs of a term ended, as far as that can be done in time.
func settleRuns(ctx context.Context, e lastwill.Entry, runs []lastwill.Run, reg registry.Registry) {
	limit := willRunTime
	if until, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(until)/willRunPart)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var (
		mine = slices.DeleteFunc(slices.Clone(runs), func(r lastwill.Run) bool { return !e.Has(r) })
		room = make(chan struct{}, maxWillCalls)
		over = make(chan struct{})
	)
	go func() { // some may hang at a file
		defer close(over)
		var tries sync.WaitGroup
		defer tries.Wait()
		for _, r := range mine {
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			tries.Go(func() {
				defer func() { <-room }()
				_ = r.Settle(ctx, reg)
			})
		}
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
}
