// Package demo shows within a quarter of a minute what Understudy is for.
//
// [Run] starts three instances as real processes on a registry in a temporary folder,
// kills the active one, stops the next, and prints who took over and how long that
// took. It shows the logs of all three as they come, and leaves nothing behind: the
// instances are stopped and the folder is removed, after Ctrl-C as well.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
)

// timing makes the takeover after a crash short enough to watch where an instance has no
// last will. With the default timing it takes a minute there.
var timing = registry.Timing{Interval: 200 * time.Millisecond, OrphanAfter: 8 * time.Second, StopGrace: time.Second}

// Run runs the demo and writes what happens to out. The error is [context.Canceled] if
// ctx ended before the demo did.
func Run(ctx context.Context, out io.Writer) (err error) {
	runtime.LockOSThread() // the instances die with the thread that started them
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("the demo took longer than a minute"))
	defer cancel()
	dir, err := os.MkdirTemp("", "understudy-demo-")
	if err != nil {
		return fmt.Errorf("folder for the demo's registry: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	g := newGroup(out, filepath.Join(dir, "registry.db"))
	defer func() { err = errors.Join(err, g.close()) }()

	g.tell("Three identical processes, one works. Short timings, for you to watch: a beat every %v,\n"+
		"an orphan after %v, a stop grace of %v. The defaults are %v, %v and %v.", timing.Interval, timing.OrphanAfter, timing.StopGrace,
		registry.DefaultTiming.Interval, registry.DefaultTiming.OrphanAfter, registry.DefaultTiming.StopGrace)
	active, err := g.startAll(ctx)
	if err != nil {
		return err
	}
	active, afterCrash, err := g.end(ctx, active, syscall.SIGKILL, 2,
		"SIGKILL to %s, as in a crash. "+afterKill())
	if err != nil {
		return err
	}
	active, afterStop, err := g.end(ctx, active, syscall.SIGTERM, 3,
		"SIGTERM to %s, an orderly stop. It releases its term as soon as its work is gone")
	if err != nil {
		return err
	}
	if err := g.watch(ctx, time.Second); err != nil {
		return err
	}
	g.tell("Stopping %s", active)
	if err := g.stopAll(ctx); err != nil {
		return err
	}
	if err := g.showTerms(ctx); err != nil {
		return err
	}
	g.tell("Taken over %v after SIGKILL, %v after SIGTERM. Nothing is left behind.",
		afterCrash.Round(time.Millisecond), afterStop.Round(time.Millisecond))
	return nil
}

// afterKill says what follows the death of an instance.
func afterKill() string {
	if runtime.GOOS == "linux" {
		return "Its guard kills its work, and then releases its term"
	}
	return "Its work dies with it at once. The others wait until it is an orphan"
}

// startAll starts the three instances one after the other, so that the first one is
// the active one.
func (g *group) startAll(ctx context.Context) (active string, err error) {
	g.tell("Starting A, B and C on a throw-away registry, %s", g.registry)
	if err := g.start("A"); err != nil {
		return "", err
	}
	if active, err = g.awaitWork(ctx, 1); err != nil {
		return "", err
	}
	for _, name := range []string{"B", "C"} {
		if err := g.start(name); err != nil {
			return "", err
		}
		if err := g.awaitStandby(ctx, name); err != nil {
			return "", err
		}
	}
	return active, nil
}

// end sends the active instance a signal, and waits until another one works in the
// term given.
func (g *group) end(ctx context.Context, active string, s syscall.Signal, term int64, why string) (next string, took time.Duration, err error) {
	if err := g.watch(ctx, 1500*time.Millisecond); err != nil {
		return "", 0, err
	}
	g.tell(why, active)
	begin := time.Now()
	if err := g.signal(active, s); err != nil {
		return "", 0, err
	}
	if next, err = g.awaitWork(ctx, term); err != nil {
		return "", 0, err
	}
	took = time.Since(begin)
	g.tell("%s works in term %d, %v later", next, term, took.Round(time.Millisecond))
	return next, took, nil
}

// showTerms shows what the registry recorded.
func (g *group) showTerms(ctx context.Context) error {
	reg, err := sqlite.Open(ctx, g.registry, sqlite.Options{OrphanAfter: timing.OrphanAfter})
	if err != nil {
		return err
	}
	defer reg.Close(ctx)
	snapshot, err := status.Observe(ctx, reg, groupName, 10)
	if err != nil {
		return err
	}
	if len(snapshot.Terms) != 3 || len(snapshot.Instances) != 0 {
		return fmt.Errorf("the registry has %d terms and %d instances, want 3 and 0", len(snapshot.Terms), len(snapshot.Instances))
	}
	const layout = "15:04:05.000" // as in the log above
	g.tell("What the registry recorded:")
	for _, t := range slices.Backward(snapshot.Terms) {
		fmt.Fprintf(g.out, "  term %d  held by %s  from %s to %s  %s\n", t.Number, t.Host, t.From.Local().Format(layout), t.To.Local().Format(layout), t.Reason)
	}
	return nil
}
