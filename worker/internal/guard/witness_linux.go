package guard

import (
	"context"
	"sync"
	"time"
)

// witness is a guard without a command, which carries out the last will of a process that
// has no other guard: its work is in the process itself.
type witness struct {
	mu      sync.Mutex
	members map[int]bool // that may leave something behind
	running bool         // attend runs
	guard   *Guard       // nil: none is ready
}

// witnessPause is the pause before another witness takes the place of one that died.
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
	go w.attend()
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

// attend has a witness there until no member leaves anything behind.
func (w *witness) attend() {
	for {
		g, err := Start(context.Background(), ToStderr)
		if err == nil {
			w.mu.Lock()
			w.guard = g
			if len(w.members) == 0 {
				g.Dismiss()
			}
			w.mu.Unlock()
			for range g.Events() {
			}
		}
		w.mu.Lock()
		w.guard = nil
		w.running = len(w.members) > 0
		over := !w.running
		w.mu.Unlock()
		if over {
			return
		}
		time.Sleep(witnessPause)
	}
}
