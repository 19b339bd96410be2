// Package procfs reads what /proc says of processes.
package procfs

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Children are those of all threads of a process, given by its number or as
// "self", the dead that are not buried included. With an error they are those
// that could be read.
func Children(process string) (list []int, err error) {
	dir := filepath.Join("/proc", process, "task")
	threads, err := os.ReadDir(dir)
	for _, thread := range threads {
		data, unread := os.ReadFile(filepath.Join(dir, thread.Name(), "children"))
		if unread != nil && !errors.Is(unread, unix.ENOENT) && !errors.Is(unread, unix.ESRCH) { // it ended
			err = unread
		}
		for _, field := range strings.Fields(string(data)) {
			pid, bad := strconv.Atoi(field)
			if bad != nil {
				err = bad
				continue
			}
			list = append(list, pid)
		}
	}
	return list, err
}
