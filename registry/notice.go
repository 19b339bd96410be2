package registry

import "github.com/google/uuid"

// Notice says that the terms of a group may have changed, or that the instance which comes
// next may have gone. It is a hint: it may be lost, or come late, twice, or without a change.
// So whoever gets one reads the group, and does nothing because of the notice alone.
type Notice struct {
	// For is the instance that should act first, as far as the one that made the change
	// knows: the next holder after a term has ended, the holder after a request to hand
	// over. uuid.Nil: whoever waits. The others may take their time.
	For uuid.UUID
}

// And returns one notice instead of two.
func (n Notice) And(other Notice) Notice {
	if n.For != other.For {
		return Notice{}
	}
	return n
}
