package api

import (
	"context"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

const (
	// noteTime bounds how long the answer to a trigger waits for a look at the group. The run
	// was made before that, and the active instance knows of it.
	noteTime = 100 * time.Millisecond
	// takeoverTime is how long an instance that became active has to take the jobs over,
	// before a note says that it has not. It is longer than what is known of a job may be old.
	takeoverTime = namesFor + 3*time.Second
)

// look begins to look at the group. It never waits.
func (h *Handler) look(ctx context.Context) <-chan status.Group {
	seen := make(chan status.Group, 1)
	if h.config.Snapshot == nil {
		close(seen)
	} else {
		go func() {
			defer close(seen)
			if g, err := h.config.Snapshot(ctx); err == nil {
				seen <- g
			}
		}()
	}
	return seen
}

// note returns why nobody would start a run that waits; empty if that is not known soon.
func (h *Handler) note(r store.Run, seen <-chan status.Group) string {
	if r.State != store.Waiting {
		return ""
	}
	late := time.NewTimer(h.noted)
	defer late.Stop()
	select {
	case g, ok := <-seen:
		if !ok {
			return ""
		}
		term := h.names.term(r.Job)
		if in, ok := g.Active(); ok && g.At.Sub(in.Since) < takeoverTime {
			term = g.Term
		}
		return view.WhyNobody(g, term)
	case <-late.C:
		return ""
	}
}
