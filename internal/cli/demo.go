package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
)

// demoTiming makes a crash cheap to watch: the defaults take a minute.
var demoTiming = registry.Timing{Interval: 200 * time.Millisecond, OrphanAfter: 8 * time.Second, StopGrace: time.Second}

func newDemo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show it all: three processes, one killed, one stopped, in a quarter of a minute",
		Long: `Demo starts three instances as real processes on a throw-away registry, kills the
active one with SIGKILL, stops the next one with SIGTERM, and shows who takes over
and how long that took. It uses short timings and leaves nothing behind.`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), append(signals.ToStop(), syscall.SIGPIPE)...)
			defer stop()
			err := demo(ctx, c.OutOrStdout())
			if errors.Is(err, context.Canceled) {
				fmt.Fprintln(c.OutOrStdout(), "\nInterrupted: the instances are stopped, the registry is removed.")
				return nil
			}
			return err
		},
	}
}

func demo(ctx context.Context, out io.Writer) (err error) {
	runtime.LockOSThread() // the instances die with the thread that started them
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("the demo took longer than a minute"))
	defer cancel()
	dir, err := os.MkdirTemp("", "understudy-demo-")
	if err != nil {
		return fmt.Errorf("folder for the demo's registry: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "registry.db")

	s := newStage(out, path)
	defer func() { err = errors.Join(err, s.close()) }()
	t := demoTiming
	s.say("Three identical processes, one works. Short timings, for you to watch: a beat every %v,\n"+
		"an orphan after %v, a stop grace of %v. The defaults are %v, %v and %v.", t.Interval, t.OrphanAfter, t.StopGrace,
		registry.DefaultTiming.Interval, registry.DefaultTiming.OrphanAfter, registry.DefaultTiming.StopGrace)

	s.say("Starting A, B and C on a throw-away registry, %s", path)
	if err := s.start("A"); err != nil {
		return err
	}
	active, err := s.awaitWork(ctx, 1)
	if err != nil {
		return err
	}
	for _, name := range []string{"B", "C"} {
		if err := s.start(name); err != nil {
			return err
		}
		if err := s.awaitStandby(ctx, name); err != nil {
			return err
		}
	}

	var took [2]time.Duration
	for i, end := range []struct {
		signal syscall.Signal
		why    string
	}{
		{syscall.SIGKILL, "SIGKILL to %s: as in a crash. Its work dies with it, at once; the others wait until its beat is an orphan"},
		{syscall.SIGTERM, "SIGTERM to %s: an orderly stop. It releases its term once its work is gone"},
	} {
		if err := s.watch(ctx, 1500*time.Millisecond); err != nil {
			return err
		}
		s.say(end.why, active)
		begin := time.Now()
		if err := s.signal(active, end.signal); err != nil {
			return err
		}
		if active, err = s.awaitWork(ctx, int64(i+2)); err != nil {
			return err
		}
		took[i] = time.Since(begin)
		s.say("%s works in term %d, %v later", active, i+2, took[i].Round(time.Millisecond))
	}

	if err := s.watch(ctx, time.Second); err != nil {
		return err
	}
	s.say("Stopping %s", active)
	if err := s.stopAll(ctx); err != nil {
		return err
	}
	return s.summary(ctx, took)
}

// summary shows the registry's own record of what happened.
func (s *stage) summary(ctx context.Context, took [2]time.Duration) error {
	reg, err := sqlite.Open(ctx, s.path, sqlite.Options{OrphanAfter: demoTiming.OrphanAfter})
	if err != nil {
		return err
	}
	defer reg.Close(ctx)
	g, err := status.Look(ctx, reg, demoGroup, 10)
	if err != nil {
		return err
	}
	if len(g.Terms) != 3 || len(g.Instances) != 0 {
		return fmt.Errorf("the registry has %d terms and %d instances, want 3 and 0", len(g.Terms), len(g.Instances))
	}
	const layout = "15:04:05.000" // as in the log above
	s.say("What the registry has to say:")
	for _, t := range slices.Backward(g.Terms) {
		fmt.Fprintf(s.out, "  term %d  held by %s  from %s to %s  %s\n", t.Number, t.Host, t.From.Local().Format(layout), t.To.Local().Format(layout), t.Reason)
	}
	s.say("Taken over %v after SIGKILL, %v after SIGTERM. Nothing is left behind.",
		took[0].Round(time.Millisecond), took[1].Round(time.Millisecond))
	return nil
}
