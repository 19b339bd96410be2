package signals

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestWhichSignalIsTheSecond(t *testing.T) {
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
			leaves, kills := 0, 0
			s := &Handler{leave: func() { leaves++ }, kill: func() { kills++ }, log: zerolog.Nop()}
			begin := time.Now()
			for _, c := range tt.caught {
				s.obey(c.signal, begin.Add(c.after))
			}
			if leaves != 1 || kills != tt.kills {
				t.Errorf("%d times left, %d times killed, want 1 and %d", leaves, kills, tt.kills)
			}
		})
	}
}

// Who logs may wait for a reader: an order does not.
func TestSignalActsBeforeItIsLogged(t *testing.T) {
	did := ""
	log := zerolog.New(writerFunc(func(p []byte) { did += "log " }))
	s := &Handler{leave: func() { did += "leave " }, kill: func() { did += "kill " }, log: log}
	now := time.Now()
	s.obey(syscall.SIGTERM, now)
	s.obey(syscall.SIGTERM, now.Add(time.Hour))
	if want := "leave log kill log "; did != want {
		t.Errorf("%q, want %q", did, want)
	}
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
