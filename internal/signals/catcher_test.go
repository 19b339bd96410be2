package signals

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestHandler_KillsAtTheSecondOrder(t *testing.T) {
	type caught struct {
		signal os.Signal
		after  time.Duration // the first one
	}
	const later = 2 * time.Second
	for name, tt := range map[string]struct {
		caught []caught
		kills  int
	}{
		"one":                         {[]caught{{syscall.SIGTERM, 0}}, 0},
		"two orders":                  {[]caught{{syscall.SIGTERM, 0}, {syscall.SIGTERM, later}}, 1},
		"two different orders":        {[]caught{{os.Interrupt, 0}, {syscall.SIGTERM, later}}, 1},
		"an image's order, twice":     {[]caught{{syscall.SIGQUIT, 0}, {syscall.SIGQUIT, later}}, 1},
		"a hurry":                     {[]caught{{syscall.SIGTERM, 0}, {syscall.SIGTERM, SameOrder}, {syscall.SIGTERM, later}}, 2},
		"timeout":                     {[]caught{{syscall.SIGTERM, 0}, {syscall.SIGTERM, time.Millisecond}}, 0},
		"timeout, and an order":       {[]caught{{syscall.SIGTERM, 0}, {syscall.SIGTERM, SameOrder - 1}, {os.Interrupt, later}}, 1},
		"a terminal closes":           {[]caught{{syscall.SIGHUP, 0}, {syscall.SIGHUP, time.Millisecond}, {syscall.SIGHUP, later}}, 0},
		"then the machine stops":      {[]caught{{syscall.SIGHUP, 0}, {syscall.SIGHUP, time.Millisecond}, {syscall.SIGTERM, later}}, 1},
		"Ctrl-C, the terminal closes": {[]caught{{os.Interrupt, 0}, {syscall.SIGHUP, later}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			stops, kills := 0, 0
			h := &handler{stop: func() { stops++ }, kill: func() { kills++ }, log: zerolog.Nop()}
			begin := time.Now()
			for _, c := range tt.caught {
				h.handle(c.signal, begin.Add(c.after))
			}
			if stops != 1 || kills != tt.kills {
				t.Errorf("stopped %d times, killed %d times, want 1 and %d", stops, kills, tt.kills)
			}
		})
	}
}

// Logging may have to wait for a reader, obeying a signal must not.
func TestHandler_ActsBeforeItLogs(t *testing.T) {
	did := ""
	log := zerolog.New(writerFunc(func(p []byte) { did += "log " }))
	h := &handler{stop: func() { did += "stop " }, kill: func() { did += "kill " }, log: log}
	now := time.Now()
	h.handle(syscall.SIGTERM, now)
	h.handle(syscall.SIGTERM, now.Add(time.Hour))
	if want := "stop log kill log "; did != want {
		t.Errorf("%q, want %q", did, want)
	}
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// A signal that comes while the configuration is read must not be lost.
func TestCatcher_ObeysASignalThatCameBefore(t *testing.T) {
	c := Catch()
	defer signal.Reset()
	c.caught <- syscall.SIGTERM
	ctx, undo := c.Obey(t.Context(), zerolog.Nop(), func() { t.Error("killed at the first signal") })
	defer undo()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Error("not stopped")
	}
}

func TestCatcher_UndoEndsTheContextAndTheGoroutine(t *testing.T) {
	c := Catch()
	defer signal.Reset()
	ctx, undo := c.Obey(t.Context(), zerolog.Nop(), func() {})
	if ctx.Err() != nil {
		t.Error("stopped without a signal")
	}
	undo()
	if ctx.Err() == nil {
		t.Error("the context goes on")
	}
	c.caught <- syscall.SIGTERM
	if len(c.caught) != 1 {
		t.Error("a goroutine still takes signals")
	}
}
