package finding

import (
	"errors"
	"syscall"
)

// Files is what to do about an error of opening something. That is not what it
// seems to be where no more files can be opened.
func Files(err error, otherwise string) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return "no more files can be opened: raise the limit of this process (ulimit -n) or of the machine, or see who holds so many"
	}
	return otherwise
}
