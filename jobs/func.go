package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// Func is a job that is a Go function. It is called for each attempt, and several calls may
// go on at a time. An error, or a panic, means that the attempt has failed.
//
// When ctx ends, the function has to return soon: at the timeout of the job, when somebody
// cancels the run, and when this instance is to stop. Nothing can end a function that does
// not return but the end of the process: that comes with the end of the lease.
type Func func(ctx context.Context, r *Run) error

// Run is an attempt that a [Func] carries out. Its methods may be called concurrently.
// Those that write return store.ErrChanged or store.ErrSuperseded if the attempt is over
// for the group, because another instance has taken the run over. The function should
// return then.
type Run struct {
	record store.Run
	store  RunStore

	mu     sync.Mutex
	result []byte
}

// RunStore is what a [Run] needs of a store.
type RunStore interface {
	Payload(ctx context.Context, k store.Key) ([]byte, error)
	SetProgress(ctx context.Context, h store.Holder, k store.Key, attempt int, p store.Progress) (*store.Request, error)
	SaveCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int, data []byte) error
	TakeCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int) ([]byte, error)
}

// NewRun returns the attempt that a holder has claimed by a record.
func NewRun(s RunStore, record store.Run) *Run { return &Run{record: record, store: s} }

// ID returns the name of the run: JOB/RUN.
func (r *Run) ID() string { return r.record.Key.String() }

// Job returns the name of the job.
func (r *Run) Job() string { return r.record.Job }

// Slot returns the instant of the schedule that the run is for, in UTC. It is zero if
// something else asked for the run.
func (r *Run) Slot() time.Time { return r.record.Slot }

// Attempt returns the number of the attempt, from 1.
func (r *Run) Attempt() int { return r.record.Attempt }

// Term returns the fencing token. Send it along with each write, and let the receiver
// refuse a term that is lower than the highest one that it has seen.
func (r *Run) Term() int64 { return r.record.Term }

// Payload returns what the one who asked for the run passed on; nil if that was nothing.
func (r *Run) Payload(ctx context.Context) ([]byte, error) {
	if r.record.Payload == (store.Digest{}) {
		return nil, nil
	}
	return r.store.Payload(ctx, r.record.Key)
}

// Progress tells people how far the run is: a percentage, and what it does. The text is cut
// to store.MaxRemark.
func (r *Run) Progress(ctx context.Context, percent int, text string) error {
	_, err := r.store.SetProgress(ctx, r.holder(), r.record.Key, r.record.Attempt, store.Progress{Percent: percent, Text: text, At: time.Now()})
	return err
}

// Checkpoint stores what the next attempt needs to go on from here, at most store.MaxBlob
// bytes. It takes the place of the checkpoint before.
func (r *Run) Checkpoint(ctx context.Context, data []byte) error {
	return r.store.SaveCheckpoint(ctx, r.holder(), r.record.Key, r.record.Attempt, data)
}

// LastCheckpoint returns the last checkpoint of the run; nil if there is none. After it, what
// an earlier attempt still saves is refused.
func (r *Run) LastCheckpoint(ctx context.Context) ([]byte, error) {
	return r.store.TakeCheckpoint(ctx, r.holder(), r.record.Key, r.record.Attempt)
}

// ErrResultTooLarge says that a result is larger than store.MaxResult.
var ErrResultTooLarge = errors.New("jobs: the result is too large")

// SetResult sets the result of the run, at most store.MaxResult bytes. It is stored with the
// end of the attempt.
func (r *Run) SetResult(data []byte) error {
	if len(data) > store.MaxResult {
		return ErrResultTooLarge
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = append([]byte(nil), data...)
	return nil
}

// Result returns what SetResult was called with last.
func (r *Run) Result() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result
}

func (r *Run) holder() store.Holder {
	return store.Holder{Group: r.record.Group, Term: r.record.Term, Instance: r.record.Instance}
}
