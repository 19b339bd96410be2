package worker

import (
	"context"
	"sync"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// ErrIsolation says that the isolation that a [Spec] or an [ExecutorSpec] asks for cannot
// be had here. The error says what would permit it. It comes with ErrGuard.
var ErrIsolation = guard.ErrIsolation

// isolationLog logs which isolation is in effect, whenever that is another one than before.
type isolationLog struct {
	mu     sync.Mutex
	logged string
}

func (l *isolationLog) log(log zerolog.Logger, of, isolation string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if isolation != l.logged {
		l.logged = isolation
		log.Info().Msgf("isolation of %s: %s", of, isolation)
	}
}

// startGuard starts a guard for the command.
func (c *Command) startGuard(ctx context.Context) (*guard.Guard, error) {
	g, err := guard.StartIsolated(ctx, guard.ToStdout, guard.Isolation(c.spec.Isolation))
	if err == nil {
		c.isolation.log(c.spec.Log, "the command", g.Isolation())
	}
	return g, err
}

// startGuard starts a guard for a run.
func (e *Executor) startGuard(ctx context.Context) (*guard.Guard, error) {
	g, err := guard.StartIsolated(ctx, guard.ToStderr, guard.Isolation(e.spec.Isolation))
	if err == nil {
		e.isolation.log(e.spec.Log, "runs", g.Isolation())
	}
	return g, err
}

// Isolation says what isolates the command, and what people should know about it. It is
// empty before a guard was started.
func (c *Command) Isolation() string {
	c.isolation.mu.Lock()
	defer c.isolation.mu.Unlock()
	return c.isolation.logged
}

// replace starts a guard for a run to come, after one that serves a single run: each PID
// namespace is used once. Other guards are kept, or started when they are needed.
func (e *Executor) replace() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.spec.Isolation != config.IsolationPID || e.closed || len(e.ready) >= e.spec.Ready {
		return
	}
	e.replacing.Go(func() {
		if g, err := e.startGuard(context.Background()); err == nil && !e.keep(g) {
			retire(g)
		}
	})
}
