package mongotest

import (
	"fmt"
	"os"
)

// notice tells the person who runs the tests. Of a package that passes,
// go test shows nothing, so it goes to the terminal too, if there is one.
func notice(line string) {
	fmt.Fprintln(os.Stderr, line)
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return
	}
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(tty, line)
		tty.Close()
	}
}
