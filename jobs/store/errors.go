package store

import (
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// The errors that a [Store] returns besides those of package registry, wrapped with the
// name of the call. Compare them by errors.Is. Any other error leaves open whether a
// write was applied.
var (
	// ErrSuperseded says that nothing was written, because a later term has begun or the
	// holder's term is over. Of several records, some may have been written.
	ErrSuperseded = errors.New("jobs: superseded by a later term")
	// ErrChanged says that the record was not written, because it is not as the caller
	// read it.
	ErrChanged = errors.New("jobs: changed meanwhile")
	// ErrNoRun says that there is no run of this key.
	ErrNoRun = errors.New("jobs: no such run")
	// ErrNoJob says that the group has no record of this job: no active instance has had
	// a job of this name in its file.
	ErrNoJob = errors.New("jobs: no such job")
	// ErrConflict says that there is a run of this key already, with another payload.
	ErrConflict = errors.New("jobs: another payload under the same key")
	// ErrFull says that as many runs wait as may wait.
	ErrFull = errors.New("jobs: too many waiting runs")
	// ErrState says that a run is in a state in which it cannot be cancelled or retried.
	ErrState = errors.New("jobs: not possible in this state")
	// ErrTooLarge says that a payload, a result, a checkpoint, an output or a list of
	// records is larger than its limit.
	ErrTooLarge = errors.New("jobs: too large")
)

// NoLaterJob returns an ErrCorrupt if a job has a later term than the holder.
func (h Holder) NoLaterJob(j Job) error { return h.noLater("job", j.Name, j.Term) }

// NoLaterRun returns an ErrCorrupt if a run has a later term than the holder.
func (h Holder) NoLaterRun(r Run) error { return h.noLater("run", r.Key, r.Term) }

func (h Holder) noLater(kind string, name any, term int64) error {
	if term <= h.Term {
		return nil
	}
	return fmt.Errorf("%w: %s %.700v of group %.64q has term %d, and the active instance has term %d: a later term has begun, or the terms were lost, or somebody has written this record, who has to correct or delete it",
		registry.ErrCorrupt, kind, name, h.Group, term, h.Term)
}
