package instance

import (
	"fmt"
	"time"
)

const (
	// extendTimeout asks systemd for that many microseconds from now on.
	extendTimeout = "EXTEND_TIMEOUT_USEC="
	// extendEvery is how often the notifier looks whether the work drains, and asks.
	extendEvery = 2 * time.Second
)

// drainTime is the time that the work may take to finish before it is told to stop. It is
// not part of systemd's TimeoutStopSec.
type drainTime struct {
	goesOn func() bool
	then   time.Duration // what the shutdown takes after the drain
	told   bool          // the status says that the work drains; only the goroutine uses it
}

// drains tells the notifier, before start, how to know whether the work drains, and how long
// the shutdown takes after that.
func (n *notifier) drains(goesOn func() bool, then time.Duration) {
	if n != nil {
		n.drain = drainTime{goesOn: goesOn, then: then}
	}
}

// extend asks systemd for more time while the work of an instance that stops drains. Each
// message covers the time until the next ones, and the shutdown after the drain.
func (n *notifier) extend() {
	drains := n.left() && n.drain.goesOn()
	if !drains && !n.drain.told {
		return
	}
	n.change(func() {
		if drains {
			n.lines = append(n.lines, fmt.Sprintf("%s%d", extendTimeout, (n.drain.then+5*extendEvery).Microseconds()))
		}
		switch {
		case drains && !n.drain.told:
			n.status = "stopping, once the work has finished"
		case !drains:
			n.status = "stopping"
		}
	})
	n.drain.told = drains
}
