package worker

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// gate is a log that lets one line wait.
type gate struct {
	text          string
	reached, open chan struct{}
}

func (g gate) Write(p []byte) (int, error) {
	if strings.Contains(string(p), g.text) {
		close(g.reached)
		<-g.open
	}
	return io.Discard.Write(p)
}

// The order to stop comes first, then the word that the command started, then
// nothing.
func TestGuardThatFreezesBeforeItStopsACommandIsAborted(t *testing.T) {
	t.Parallel()
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	spec := played(t, m, "stubborn", file)
	spec.Timing.StopGrace = shortGrace
	g := gate{"stopping the command", make(chan struct{}), make(chan struct{})}
	spec.Log = zerolog.New(g)
	c, err := NewCommand(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Extend(boottime.Now() + time.Hour)
	guard := c.idle.PID()
	freeze(t, guard)
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	until(t, "the guard to have its order", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.current != nil
	})
	stop(errStop)
	<-g.reached
	_ = unix.Kill(guard, unix.SIGCONT)
	until(t, "the command", holds(file, "ready"))
	freeze(t, guard)
	close(g.open)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	wantGone(t, m)
}

func TestKillDoesNotWaitForTheGraceOfAFrozenGuard(t *testing.T) {
	t.Parallel()
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := played(t, m, "stubborn", file)
	spec.Timing.OrphanAfter, spec.Timing.StopGrace = 10*time.Minute, time.Minute
	var log output
	spec.Log = zerolog.New(&log)
	c, result := start(t, ctx, spec)
	until(t, "the command", holds(file, "ready"))
	freeze(t, guardNow(c))
	stop(errStop)
	until(t, "the order to stop", logged(&log, "stopping the command"))
	c.Kill()
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	wantGone(t, m)
}
