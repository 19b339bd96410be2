package attempt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// storePatience is how long a store that does not answer is asked for what a command needs
// before it can start. Beats may go on meanwhile, so that the lease does not end.
const storePatience = time.Minute

func (a *attempt) hasPayload() bool { return a.run.Payload != store.Digest{} }

// prepare writes the files that the command finds. It is not ok if the command cannot be
// started, and returns why.
func (a *attempt) prepare(ctx context.Context) (_ End, ok bool) {
	if a.hasPayload() {
		end, ok := a.fetch(ctx, "payload", payloadFile, func(ctx context.Context) ([]byte, error) {
			return a.config.Store.Payload(ctx, a.run.Key)
		})
		if !ok {
			return end, false
		}
	}
	if a.run.Attempt <= 1 {
		return End{}, true
	}
	return a.fetch(ctx, "checkpoint", checkpointFile, func(ctx context.Context) ([]byte, error) {
		return a.config.Store.TakeCheckpoint(ctx, a.holder, a.run.Key, a.run.Attempt)
	})
}

// fetch writes a file with what the store has. It is not ok if that cannot be done. There is
// no file of what the store does not have.
func (a *attempt) fetch(ctx context.Context, what, file string, read func(ctx context.Context) ([]byte, error)) (_ End, ok bool) {
	data, err := a.askPatiently(ctx, what, read)
	switch {
	case err == nil && data == nil:
		return End{}, true
	case err == nil:
		if err := a.folder.write(file, data); err != nil {
			return notStarted(store.AttemptFailed, fmt.Sprintf("its %s cannot be written to its private folder: %v", what, err)), false
		}
		return End{}, true
	case errors.Is(err, errStopped):
		return notStarted(store.AttemptExited, "it was told to stop before it was started"), false
	case errors.As(err, new(lateError)):
		return notStarted(store.AttemptExited, tooLate+", and "+err.Error()), false
	case errors.Is(err, store.ErrChanged), errors.Is(err, store.ErrSuperseded):
		return notStarted(store.AttemptExited, "it was not started: a later term or attempt has taken the run over"), false
	case errors.Is(err, registry.ErrCorrupt):
		return notStarted(store.AttemptFailed, fmt.Sprintf("it was not started: its %s is missing or damaged: %v", what, err)), false
	}
	return notStarted(store.AttemptFailed, "it was not started: "+err.Error()), false
}

var errStopped = errors.New("told to stop")

// lateError is the last error of a store that did not answer within the lease.
type lateError struct{ error }

// final are the answers of a store that do not change.
var final = []error{
	store.ErrChanged, store.ErrSuperseded, store.ErrNoRun, store.ErrTooLarge,
	registry.ErrCorrupt, registry.ErrSchema, registry.ErrReadOnly, registry.ErrClosed,
}

// askPatiently asks the store until it answers, within the lease.
func (a *attempt) askPatiently(ctx context.Context, what string, read func(ctx context.Context) ([]byte, error)) (data []byte, err error) {
	until := time.Now().Add(a.patience)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := a.call(ctx, func(ctx context.Context) (err error) {
			data, err = read(ctx)
			return err
		})
		if err == nil {
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, errStopped
		}
		for _, f := range final {
			if errors.Is(err, f) {
				return nil, err
			}
		}
		cannot := fmt.Errorf("its %s could not be read: %w", what, err)
		switch {
		case !a.config.Executor.HasLease():
			return nil, lateError{cannot}
		case time.Now().After(until):
			return nil, fmt.Errorf("for %v %w", a.patience, cannot)
		}
		a.log.Warn().Err(err).Stringer("again_in", pause).Msgf("the %s of the run cannot be read yet", what)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, errStopped
		}
	}
}
