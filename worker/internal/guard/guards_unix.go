//go:build unix

package guard

import "sync"

// guards are the guards of this process, which a sweep must spare and which
// nobody else may bury.
var guards struct {
	sync.Mutex
	pids map[int]bool
}

// spawnOwn has the new guard known before anybody can take it for an orphan.
func spawnOwn(out Output) (pid int, conn, tie int, err error) {
	guards.Lock()
	defer guards.Unlock()
	pid, conn, tie, err = spawn(out)
	if err == nil {
		if guards.pids == nil {
			guards.pids = make(map[int]bool)
		}
		guards.pids[pid] = true
	}
	return pid, conn, tie, err
}
