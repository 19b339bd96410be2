package heartbeat

import (
	"time"

	"github.com/understudy-go/understudy/registry"
)

// departure is the shutdown: how this process leaves its group. Instants are local.
//
// The machine writes it when this instance is to leave, when its work is gone by then,
// and when the registration is ended.
type departure struct {
	result       error         // what Run will return
	hurried      bool          // somebody waits for this process to go
	releaseBy    time.Duration // until when the registry is asked to take back what this instance holds; 0: work is left
	unregistered bool          // or unregistering was attempted
}

// begin sets what Run will return.
func (d *departure) begin(result error) { d.result = result }

// hurry takes the order to leave, which shortens a release that takes longer.
func (d *departure) hurry(now, releaseTime time.Duration) {
	d.hurried = true
	if d.releaseBy > 0 {
		d.releaseBy = min(d.releaseBy, now+releaseTime)
	}
}

// release begins the release, now that no work is left. It may take releaseTime. If it
// records that the work is done, it may take T, because the group would otherwise do the
// work again; but not if somebody waits for the shutdown.
func (d *departure) release(now, releaseTime, orphanAfter time.Duration, done bool) {
	switch {
	case d.releaseBy > 0:
	case done && !d.hurried:
		d.releaseBy = now + orphanAfter
	default:
		d.releaseBy = now + releaseTime
	}
}

// expired reports whether the time for the release is over.
func (d *departure) expired(now time.Duration) bool { return d.releaseBy > 0 && now >= d.releaseBy }

// timeout returns the timeout of a request that gives something back. It is half of what
// is left of the time for the release, so that a request which hangs leaves time for
// another try.
func (d *departure) timeout(now time.Duration, t registry.Timing) time.Duration {
	left := d.releaseBy - now
	return min(max(left/2, budgetSpan(t)/2), left, t.CallTimeout())
}

// unregister takes note that the registration is ended, or that unregistering was attempted.
func (d *departure) unregister() { d.unregistered = true }

// rejoin takes note that this process does not leave after all: it gave up one
// registration, and joins again.
func (d *departure) rejoin() { d.unregistered = false }

// releaseTime bounds how long the shutdown waits for a registry that does not answer.
func releaseTime(t registry.Timing) time.Duration { return min(5*time.Second, t.CallTimeout()) }
