package registry

import (
	"math"
	"time"
)

// Ack is the answer to a registration or to a beat.
type Ack struct {
	At time.Time // the registry's time
	// Listen is the mark in the record, see [Registry.Mark]: the term after which this
	// instance comes next, so that it should listen to the bell. 0: there is none.
	Listen int64
}

// AnyTerm is the mark that a backend answers if a watch costs so little there that
// everybody should listen.
const AnyTerm = math.MaxInt64

// Everybody reports whether everybody should listen, so that nobody needs to be marked.
func (a Ack) Everybody() bool { return a.Listen == AnyTerm }
