package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// wantsPreparation reports whether a beat is the one after which the statements of a takeover
// are prepared: the second one or later of a passive instance, once for each file that is
// opened. Before that, a process is busy with its start.
func (r *Registry) wantsPreparation(c *conn, beat int64, s registry.Status) bool {
	if beat < 2 || s.Role != registry.Passive || r.prepared == c.Generation() {
		return false
	}
	r.prepared = c.Generation()
	return true
}

// prepareTakeover has SQLite compile the statements of a takeover, and of the end of the term
// that follows. Otherwise it would do so when the group has no active instance. It reads and
// writes the terms of no group, and takes its writes back. Whatever fails here fails again
// when it matters.
func (r *Registry) prepareTakeover(ctx context.Context) {
	const nobodys = ""
	_, _ = r.Candidate(ctx, nobodys, now(), time.Second)
	_, _ = r.Claimant(ctx, nobodys, 0)
	_, _ = writing(ctx, r, ofInstances, func(c *conn) (none struct{}, err error) {
		t := registry.Term{Group: nobodys, Number: 1, Holder: uuid.Max, OrphanAfter: time.Second}
		_ = c.beginTerm(t)
		_ = c.endTerm(nobodys, t.Number, t.Holder, registry.End{Reason: registry.Stopped})
		_, _ = c.remove(anInstance, uuid.Max.String())
		return none, errTakenBack
	})
}

var errTakenBack = errors.New("taken back")
