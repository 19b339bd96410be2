package heartbeat

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// The causes with which the context of the work ends, and what Run may return.
var (
	// ErrStopped says that this process was told to stop.
	ErrStopped = errors.New("heartbeat: told to stop")
	// ErrHandedOver says that somebody asked for another instance.
	ErrHandedOver = errors.New("heartbeat: asked to hand over")
	// ErrLeaseLost says that no beat was acknowledged in time.
	ErrLeaseLost = errors.New("heartbeat: lease lost")
	// ErrTermOver says that this term is over already, or was never ours alone.
	ErrTermOver = errors.New("heartbeat: term over")
	// ErrWorkFailing is what the work returns, wrapped or not, when it failed
	// repeatedly and a peer should try.
	ErrWorkFailing = errors.New("heartbeat: work keeps failing")
	// ErrStuck says that the work did not stop in time.
	ErrStuck = errors.New("heartbeat: work would not stop")
	// ErrStandby says that the passive side did not stop in time.
	ErrStandby = errors.New("heartbeat: standby would not stop")
	// ErrUnreachable says that the registry did not answer in time at the start.
	ErrUnreachable = errors.New("heartbeat: registry unreachable")
)

// WorkDoneError says that another instance has finished the work of the group.
type WorkDoneError struct {
	Term     int64
	Holder   uuid.UUID
	ExitCode int
}

func (e *WorkDoneError) Error() string {
	return fmt.Sprintf("heartbeat: work done in term %d by %s", e.Term, e.Holder)
}
