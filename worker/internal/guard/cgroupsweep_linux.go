package guard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
)

// sweepCgroups kills what is in the control groups of guards that are dead, and removes
// them. It returns an error if something is alive in a group whose name begins with a
// prefix.
func sweepCgroups(parent, prefix string) (err error) {
	entries, readErr := os.ReadDir(parent)
	if readErr != nil {
		return nil
	}
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), guardname.Name+"-") {
			continue
		}
		path := filepath.Join(parent, entry.Name())
		left := sweepCgroup(path)
		if prefix != "" && strings.HasPrefix(entry.Name(), prefix) {
			err = errors.Join(err, left)
		}
	}
	return err
}

// sweepCgroup kills and removes a control group whose guard is dead. It returns an error
// only if something in it is alive: nobody needs to wait until the group can be removed.
func sweepCgroup(path string) error {
	dir, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(dir)
	if unix.Flock(dir, unix.LOCK_EX|unix.LOCK_NB) != nil { // its guard is alive
		return nil
	}
	if removeCgroup(path) == nil {
		return nil
	}
	_ = os.WriteFile(filepath.Join(path, "cgroup.kill"), []byte("1"), 0)
	if removeCgroup(path) == nil {
		return nil
	}
	if events, _ := os.ReadFile(filepath.Join(path, "cgroup.events")); bytes.Contains(events, []byte("populated 1")) {
		return fmt.Errorf("control group %s: a process in it does not die", path)
	}
	return nil
}

// sweepCgroupsOf kills what a dead guard left in its control group, and returns when nothing
// of it is left.
func sweepCgroupsOf(guard int) {
	parents, _ := cgroupParents()
	var backoff time.Duration
	for _, parent := range parents {
		for sweepCgroups(parent, cgroupPrefix(guard)) != nil {
			backoff = nextBackoff(backoff, 0, false)
			time.Sleep(backoff)
		}
	}
}
