//go:build unix

package guard

import (
	"sync"
	"sync/atomic"
)

// guards holds the guard processes of this process. killLeftovers must not kill them,
// and nobody but their reader may reap them.
var guards struct {
	sync.Mutex
	pids    map[int]bool
	started bool // a guard was started, at any time
}

// guardCount is the length of guards.pids, for those who must not wait for the lock.
var guardCount atomic.Int64

// spawnOwn starts a guard and adds it to guards, before anybody can mistake it
// for an orphan.
func spawnOwn(out Output, i Isolation) (pid int, conn, tie int, place slot, err error) {
	guards.Lock()
	defer guards.Unlock()
	place = takeSlot()
	pid, conn, tie, err = spawn(out, i, place)
	if err != nil {
		place.release()
		return 0, -1, -1, slot{}, err
	}
	guards.started = true
	if guards.pids == nil {
		guards.pids = make(map[int]bool)
	}
	guards.pids[pid] = true
	guardCount.Store(int64(len(guards.pids)))
	return pid, conn, tie, place, nil
}
