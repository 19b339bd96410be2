// Package openlimit recognises the errors that say that no more files, sockets or
// connections can be opened.
package openlimit

import (
	"errors"
	"syscall"
)

// Cure returns what to do about an error of opening something: the given cure,
// unless this process or the machine has reached its limit of open files. Then the
// error has another cause than it seems to have.
func Cure(err error, cure string) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return "no more files can be opened: raise the limit of this process (ulimit -n) or of the machine, or find out which process has so many open"
	}
	return cure
}
