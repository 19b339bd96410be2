package attempt

import (
	"context"
	"sync"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// chunkPause is the least time between two chunks of a run.
const chunkPause = 100 * time.Millisecond

// live stores the output of a run in chunks while it runs, for whoever follows it. It holds
// what waits for the next chunk, and no more than fits into one. What comes meanwhile is left
// out, and the next chunk's offset shows that.
//
// What waits at the end is not stored. It is in the record of the run, which has the end of
// the output.
type live struct {
	attempt *attempt

	mu      sync.Mutex
	waiting []byte
	offset  int64 // of waiting in the output
	size    int64 // of the output
	full    chan struct{}
}

func newLive(a *attempt) *live { return &live{attempt: a, full: make(chan struct{}, 1)} }

// write takes what the run has written. It never waits.
func (l *live) write(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.offset = l.size
	}
	if l.size == l.offset+int64(len(l.waiting)) { // nothing was left out since
		l.waiting = append(l.waiting, p[:min(len(p), store.MaxChunk-len(l.waiting))]...)
	}
	l.size += int64(len(p))
	if len(l.waiting) == store.MaxChunk {
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
}

// take returns what waits, and makes room.
func (l *live) take() (data []byte, offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	data, offset = l.waiting, l.offset
	l.waiting = nil
	select {
	case <-l.full:
	default:
	}
	return data, offset
}

// send stores chunks until over is closed or ctx ends. A run that is over within a second
// has none.
func (l *live) send(ctx context.Context, over <-chan struct{}) {
	if !sleep(over, pace) {
		return
	}
	for n := 0; ; {
		data, offset := l.take()
		if len(data) > 0 {
			if !l.store(ctx, over, n, offset, data) {
				return
			}
			n++
		}
		if !sleep(over, chunkPause) {
			return
		}
		timer := time.NewTimer(pace - chunkPause)
		select {
		case <-l.full:
		case <-timer.C:
		case <-over:
		}
		timer.Stop()
	}
}

// store stores a chunk, again and again until it is known to be there.
func (l *live) store(ctx context.Context, over <-chan struct{}, n int, offset int64, data []byte) bool {
	a := l.attempt
	for failed := false; ; failed = true {
		err := a.call(ctx, func(ctx context.Context) error {
			return a.config.Store.AppendChunk(ctx, a.holder, a.run.Key, a.run.Attempt, n, offset, data)
		})
		switch {
		case err == nil:
			return true
		case lost(err):
			return false
		case !failed:
			a.log.Warn().Err(err).Msg("the output of the run cannot be stored at once: it is tried again, and what comes meanwhile may be missing in the live view")
		}
		if !sleep(over, pace) {
			return false
		}
	}
}

// sleep returns false if over is closed before d is over.
func sleep(over <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-over:
		return false
	}
}
