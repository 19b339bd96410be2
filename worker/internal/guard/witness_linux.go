package guard

import (
	"context"
	"sync"
	"time"
)

// witness is a guard without a command, which carries out the last will of a process that
// has no other guard: its work is in the process itself, or its command is not there, since
// it failed, or since the term ends.
type witness struct {
	mu      sync.Mutex
	members map[int]bool // that may leave something behind
	running bool         // attend runs
	guard   *Guard       // nil: none is ready
}

// witnessPause is the pause before a witness takes the place of a guard that is gone.
const witnessPause = time.Second

// need says that a member may leave something behind. It waits for nothing.
func (w *witness) need(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.members == nil {
		w.members = make(map[int]bool)
	}
	w.members[number] = true
	if w.running || guardCount.Load() > 0 {
		return
	}
	w.running = true
	go w.attend(0)
}

// lastGuardGone is called when this process has no guard any more. It waits for nothing. A
// term that ends in order takes less than the pause, and starts no witness.
func (w *witness) lastGuardGone() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running || len(w.members) == 0 {
		return
	}
	w.running = true
	go w.attend(witnessPause)
}

// relieve is called when another guard is ready, which makes a witness needless.
func (w *witness) relieve(other *Guard) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.guard != nil && w.guard != other {
		w.guard.Dismiss()
	}
}

// done says that a member leaves nothing behind any more.
func (w *witness) done(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.members, number)
	if len(w.members) == 0 && w.guard != nil {
		w.guard.Dismiss()
	}
}

// attend has a witness there until no member leaves anything behind, or until there is
// another guard after a pause.
func (w *witness) attend(pause time.Duration) {
	for ; ; pause = witnessPause {
		time.Sleep(pause)
		if pause > 0 && !w.isNeeded() {
			return
		}
		g, err := Start(context.Background(), ToStderr)
		if err != nil {
			continue
		}
		w.mu.Lock()
		w.guard = g
		if len(w.members) == 0 || guardCount.Load() > 1 { // relieve may have come before
			g.Dismiss()
		}
		w.mu.Unlock()
		for range g.Events() {
		}
		w.mu.Lock()
		w.guard = nil
		w.mu.Unlock()
	}
}

// isNeeded reports whether a witness is needed. If none is, nobody attends any more.
func (w *witness) isNeeded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = len(w.members) > 0 && guardCount.Load() == 0
	return w.running
}
