package worker

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/boottime"
)

func TestPreparedGuardIsUsedOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	c, err := NewCommand(played(t, mark(), "polite", file))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		if err := c.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	prepared := c.idle.PID()
	if got := guardOf(t, os.Getpid()); got != prepared {
		t.Errorf("guard %d, want %d", got, prepared)
	}
	c.Extend(boottime.Now() + time.Hour)
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	until(t, "the command", holds(file, "ready"))
	c.mu.Lock()
	if c.current.PID() != prepared {
		t.Error("the command runs under another guard")
	}
	c.mu.Unlock()
	stop(errStop)
	receive(t, result)
}

func TestDeadPreparedGuardIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	c, err := NewCommand(played(t, mark(), "polite", file))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	dead := c.idle
	dead.Abort()
	until(t, "the guard's end", func() bool { return !dead.Alive() })
	c.Extend(boottime.Now() + time.Hour)
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	receive(t, result)
}

func TestGuardIsReadyAgainAfterATerm(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, played(t, mark(), "polite", file))
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	receive(t, result)
	until(t, "the next guard", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.idle != nil
	})
}
