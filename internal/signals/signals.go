// Package signals has what the program does about signals.
//
// SIGTERM, SIGINT, SIGQUIT and SIGHUP mean "stop". A [Catcher] makes an instance obey
// them: the first one stops it in order, a later one ends its work at once. Other
// subcommands end at the first one. SIGPIPE, which a process gets when nobody reads its
// output any more, must not end a process that writes a log, see [IgnorePipe]. SIGABRT
// is left to the Go runtime, which prints where every goroutine stands and ends the
// process, as the watchdog of systemd wants it.
package signals

import (
	"os"
	"os/signal"
	"syscall"
)

// ToStop returns the signals that mean "stop". A signal that was ignored when this
// process started stays ignored: nohup ignores SIGHUP, and a script ignores SIGINT for
// what it runs in the background. SIGQUIT is the exception, because the Go runtime does
// not tell whether it was ignored. Ctrl-\ sends it, and many images have it as their
// STOPSIGNAL.
func ToStop() []os.Signal {
	list := []os.Signal{syscall.SIGTERM, syscall.SIGQUIT}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	return list
}

// IgnorePipe makes a reader who went away an error of writing, and not the end of
// this process. It holds until undo is called.
func IgnorePipe() (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}
