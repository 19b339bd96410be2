package status

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Takeover says which instance replaces a holder that is silent or gone.
type Takeover struct {
	// ID is the instance that is senior now; it takes over unless something changes.
	ID   uuid.UUID `json:"instance"`
	Host string    `json:"host"`
	// In is the longest time until the takeover, if the passive instances have observed the
	// silence since its beginning. 0: each of them observes it for itself.
	In Seconds `json:"inSeconds"`
}

// takeover says which instance replaces the holder of the latest term, if that is
// silent or gone: the senior candidate, the one with the highest priority, and among
// equals the oldest.
func takeover(g Group, latest registry.Term) *Takeover {
	if latest.Number == 0 || !latest.Open() {
		return nil
	}
	in := Seconds(min(latest.OrphanAfter, registry.MaxOrphanAfter))
	if in <= 0 {
		in = Seconds(registry.DefaultTiming.OrphanAfter)
	}
	if active, ok := g.Active(); ok {
		if !active.Silent {
			return nil
		}
		in = active.OrphanIn
	}
	var senior *Instance
	for i, candidate := range g.Instances {
		if candidate.Role == registry.Active || candidate.Silent || candidate.HoldingOff {
			continue
		}
		if senior == nil || candidate.Priority > senior.Priority {
			senior = &g.Instances[i]
		}
	}
	if senior == nil {
		return nil
	}
	return &Takeover{senior.ID, senior.Host, in}
}

// TakingOver reports whether a term has just ended and a passive instance is there to
// begin the next one: a moment later there will be an active one.
func (g Group) TakingOver() bool {
	if len(g.Terms) == 0 || g.Terms[0].To.IsZero() || g.Terms[0].Reason == registry.WorkDone {
		return false
	}
	return g.At.Sub(g.Terms[0].To).Abs() < 2*time.Second && g.Count().Passive > 0
}
