// Package procfs reads from the kernel which children a process has. Peek does
// without /proc, which may hide processes.
package procfs

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Children returns the children of all threads of a process, which is given by its
// PID or as "self". Dead children that are not reaped are among them. With an
// error, it returns those that could be read.
func Children(process string) (list []int, err error) {
	dir := filepath.Join("/proc", process, "task")
	threads, err := os.ReadDir(dir)
	for _, thread := range threads {
		data, readErr := os.ReadFile(filepath.Join(dir, thread.Name(), "children"))
		if readErr != nil && !errors.Is(readErr, unix.ENOENT) && !errors.Is(readErr, unix.ESRCH) { // the thread has ended
			err = readErr
		}
		for _, field := range strings.Fields(string(data)) {
			pid, parseErr := strconv.Atoi(field)
			if parseErr != nil {
				err = parseErr
				continue
			}
			list = append(list, pid)
		}
	}
	return list, err
}
