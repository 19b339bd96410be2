package mongobell

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// pause is the time after a cursor broke in which none is opened.
type pause struct {
	length time.Duration
	until  time.Time
	why    error // why the cursor broke
}

const (
	shortestPause = time.Second
	longestPause  = time.Minute
)

// begin begins a pause that is about twice as long as the last one. Up to a half is added,
// because many processes may lose their cursors at the same time. It begins again with the
// shortest one after a cursor that lasted longer than the longest pause.
func (p *pause) begin(lasted time.Duration, why error) {
	if lasted > longestPause {
		p.length = 0
	}
	p.length = min(max(2*p.length, shortestPause), longestPause)
	p.until, p.why = time.Now().Add(p.length+rand.N(p.length/2)), why
}

// over returns an error while the pause lasts.
func (p *pause) over() error {
	if left := time.Until(p.until); left > 0 {
		return fmt.Errorf("the cursor broke, and is not opened for another %v: %w", left.Round(time.Millisecond), p.why)
	}
	return nil
}
