package cli

import (
	"time"

	"github.com/understudy-go/understudy/registry"
)

// patience is how long to wait for the effect of a handover request. At first that is
// until the request has expired. The holder that follows it may let its work finish before
// it stops it, for hours, and beats as long as it does. Should it die, a peer replaces it
// after T. So from then on it is a little more than T after its latest beat, and then
// after the end of its term.
type patience struct {
	expiry   time.Duration // the holder's view, and the beat that shows its effect
	takeover time.Duration // an instance that held off competes again by then
	t        time.Duration // T of the holder

	deadline time.Time
	since    time.Time // when the holder began to step down; zero: it has not
	beat     int64     // of the holder, while it steps down
}

// termOver stands for the beat of a holder whose term is over.
const termOver = -1

func newPatience(promise registry.Timing, now time.Time) *patience {
	expiry := promise.RequestLife() + 2*promise.Interval + time.Second
	return &patience{expiry: expiry, takeover: promise.OrphanAfter + expiry, t: promise.OrphanAfter, deadline: now.Add(expiry)}
}

// stepsDown takes note of a holder that steps down, and of its beat.
func (p *patience) stepsDown(beat int64, now time.Time) {
	if !p.followed() {
		p.since = now
	} else if beat == p.beat {
		return
	}
	p.beat, p.deadline = beat, now.Add(p.takeover)
}

// steppedDown takes note that the term has ended.
func (p *patience) steppedDown(now time.Time) { p.stepsDown(termOver, now) }

// followed reports whether the holder follows the request.
func (p *patience) followed() bool { return !p.since.IsZero() }

// drains reports whether the holder has been stepping down for longer than any work may
// take to stop, which is less than T.
func (p *patience) drains(now time.Time) bool { return p.followed() && now.Sub(p.since) > p.t }

// over reports whether there is no use in waiting any longer.
func (p *patience) over(now time.Time) bool { return now.After(p.deadline) }
