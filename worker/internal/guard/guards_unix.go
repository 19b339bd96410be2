//go:build unix

package guard

import "sync"

// guards holds the guard processes of this process. killLeftovers must not kill them,
// and nobody but their reader may reap them.
var guards struct {
	sync.Mutex
	pids map[int]bool
}

// spawnOwn starts a guard and adds it to guards, before anybody can mistake it
// for an orphan.
func spawnOwn(out Output, s slot) (pid int, conn, tie int, err error) {
	guards.Lock()
	defer guards.Unlock()
	pid, conn, tie, err = spawn(out, s)
	if err == nil {
		if guards.pids == nil {
			guards.pids = make(map[int]bool)
		}
		guards.pids[pid] = true
	}
	return pid, conn, tie, err
}
