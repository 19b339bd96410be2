//go:build unix

package testkit

import "golang.org/x/sys/unix"

// toTerminal writes a line to the terminal that the tests were started from. It does
// nothing where there is no terminal, or where the tests run in its background: a
// process there may be stopped when it writes. A terminal that is held by Ctrl-S
// loses the line and holds up no test.
func toTerminal(line string) {
	tty, err := unix.Open("/dev/tty", unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(tty)
	if foreground, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP); err != nil || foreground != unix.Getpgrp() {
		return
	}
	_, _ = unix.Write(tty, []byte(line+"\n"))
}
