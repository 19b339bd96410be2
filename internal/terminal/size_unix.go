//go:build unix

package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// Size is the size of a terminal, or zero if it does not say.
func Size(f *os.File) (columns, rows int) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}
