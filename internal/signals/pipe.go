package signals

import (
	"os"
	"os/signal"
	"syscall"
)

// IgnorePipe makes a reader who went away an error of writing, and not the end of
// this process. It holds until undo is called.
func IgnorePipe() (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}
