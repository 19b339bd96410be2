package worker

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// blockingLog blocks the writer of one line until open is closed.
type blockingLog struct {
	text          string
	reached, open chan struct{}
}

func (l blockingLog) Write(p []byte) (int, error) {
	if strings.Contains(string(p), l.text) {
		close(l.reached)
		<-l.open
	}
	return io.Discard.Write(p)
}

// The order to stop comes first. Then the guard reports that the command has started,
// and then nothing any more.
func TestCommand_KillsAGuardThatFreezesBeforeItStopsTheCommand(t *testing.T) {
	t.Parallel()
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	spec := testSpec(t, m, "stubborn", file)
	spec.Timing.StopGrace = shortGrace
	log := blockingLog{"stopping the command", make(chan struct{}), make(chan struct{})}
	spec.Log = zerolog.New(log)
	c := newPrepared(t, spec)
	c.Extend(boottime.Now() + time.Hour)
	guard := c.prepared.PID()
	freeze(t, guard)
	ctx, stop := context.WithCancelCause(context.Background())
	result := runAsync(ctx, c)
	waitFor(t, "the guard to have its order", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.current != nil
	})
	stop(errStop)
	<-log.reached
	_ = unix.Kill(guard, unix.SIGCONT)
	waitFor(t, "the command", contains(file, "ready"))
	freeze(t, guard)
	close(log.open)
	wantCause(t, result)
	wantGone(t, m)
}

func TestCommand_KillDoesNotGiveAFrozenGuardTheGrace(t *testing.T) {
	t.Parallel()
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := testSpec(t, m, "stubborn", file)
	spec.Timing.OrphanAfter, spec.Timing.StopGrace = 10*time.Minute, time.Minute
	var log output
	spec.Log = zerolog.New(&log)
	c, result := start(t, ctx, spec)
	waitFor(t, "the command", contains(file, "ready"))
	freeze(t, currentGuard(c))
	stop(errStop)
	waitFor(t, "the order to stop", logged(&log, "stopping the command"))
	c.Kill()
	wantCause(t, result)
	wantGone(t, m)
}
