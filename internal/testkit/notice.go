package testkit

import (
	"fmt"
	"os"
	"time"
)

// Notice shows a line to the person who runs the tests. go test shows the output of
// a package only if a test of it fails, so the line goes to the terminal as well, if
// there is one.
func Notice(line string) {
	fmt.Fprintln(os.Stderr, line)
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return
	}
	toTerminal(line)
}

// Progress shows a line about something that takes long: once it has taken as long
// as first, and then at every interval, until the returned function is called.
func Progress(what string, first, every time.Duration, show func(line string)) (done func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	begun := time.Now()
	go func() {
		defer close(stopped)
		for next := first; ; next = every {
			select {
			case <-stop:
				return
			case <-time.After(next):
				show(fmt.Sprintf("%s: %v so far", what, time.Since(begun).Round(time.Second)))
			}
		}
	}()
	return func() { close(stop); <-stopped }
}
