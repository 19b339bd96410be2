package heartbeat

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// The causes with which the context of the work ends, and errors that Run may return.
var (
	// ErrStopped says that this process was told to stop.
	ErrStopped = errors.New("heartbeat: told to stop")
	// ErrHandedOver says that somebody asked this instance to hand over.
	ErrHandedOver = errors.New("heartbeat: asked to hand over")
	// ErrLeaseLost says that no beat was acknowledged in time.
	ErrLeaseLost = errors.New("heartbeat: lease lost")
	// ErrTermOver says that this term is over already: a newer one began, somebody
	// ended it, or this registration was deleted.
	ErrTermOver = errors.New("heartbeat: term over")
	// ErrWorkFailing is what a Lead returns, wrapped or not, when the work failed
	// repeatedly and a peer should try.
	ErrWorkFailing = errors.New("heartbeat: work keeps failing")
	// ErrStuck says that the work did not stop in time.
	ErrStuck = errors.New("heartbeat: work would not stop")
	// ErrStandby says that the passive side did not return in time.
	ErrStandby = errors.New("heartbeat: standby would not stop")
	// ErrUnreachable says that the registry did not answer before the JoinTimeout.
	ErrUnreachable = errors.New("heartbeat: registry unreachable")
)

// WorkDoneError says that a peer has finished the work of the group.
type WorkDoneError struct {
	Term     int64
	Holder   uuid.UUID
	ExitCode int
}

func (e *WorkDoneError) Error() string {
	return fmt.Sprintf("heartbeat: work done in term %d by %s", e.Term, e.Holder)
}
