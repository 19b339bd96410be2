package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// flaky is a store whose requests can be made to hang, fail or lose their answers.
type flaky struct {
	*store
	mu   sync.Mutex
	rule func(k kind, in registry.Instance) fate
}

type fate int

const (
	fine    fate = iota
	hung         // never applied, never answered
	broke        // not applied, an error
	lost         // applied, an error
	slow         // applied at once, answered eight seconds later
	void         // not applied, and said to be
	spoilt       // answered by a record that cannot be read
	refused      // not applied, and a refusal
)

var errNetwork = errors.New("network")

func (f *flaky) set(rule func(k kind, in registry.Instance) fate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule = rule
}

func (f *flaky) suffer(ctx context.Context, k kind, id uuid.UUID, apply func() error) error {
	f.mu.Lock()
	rule := f.rule
	f.mu.Unlock()
	what := fine
	if rule != nil {
		f.store.mu.Lock()
		in := f.store.instances[id]
		f.store.mu.Unlock()
		in.ID = id
		what = rule(k, in)
	}
	switch what {
	case hung:
		<-ctx.Done()
		return ctx.Err()
	case broke:
		return errNetwork
	case lost:
		_ = apply()
		return errNetwork
	case void:
		return nil
	case refused:
		return fmt.Errorf("%w: not authorized", registry.ErrRefused)
	case spoilt:
		return fmt.Errorf("%w: beat is missing", registry.ErrCorrupt)
	case slow:
		defer time.Sleep(8 * time.Second)
	}
	return apply()
}

func (f *flaky) Register(ctx context.Context, in registry.Instance) (ack registry.Ack, err error) {
	err = f.suffer(ctx, kindRegister, in.ID, func() (err error) { ack, err = f.store.Register(ctx, in); return err })
	return ack, err
}

func (f *flaky) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (ack registry.Ack, err error) {
	err = f.suffer(ctx, kindBeat, id, func() (err error) { ack, err = f.store.Beat(ctx, id, s); return err })
	return ack, err
}

func (f *flaky) Mark(ctx context.Context, id uuid.UUID, term int64) error {
	return f.suffer(ctx, kindMark, id, func() error { return f.store.Mark(ctx, id, term) })
}

func (f *flaky) View(ctx context.Context, group string, except ...uuid.UUID) (v registry.View, err error) {
	err = f.suffer(ctx, kindView, uuid.Nil, func() (err error) { v, err = f.store.View(ctx, group, except...); return err })
	return v, err
}

func (f *flaky) BeginTerm(ctx context.Context, t registry.Term) error {
	return f.suffer(ctx, kindBeginTerm, t.Holder, func() error { return f.store.BeginTerm(ctx, t) })
}

func (f *flaky) EndTerm(ctx context.Context, group string, n int64, holder uuid.UUID, end registry.End) error {
	return f.suffer(ctx, kindEndTerm, holder, func() error { return f.store.EndTerm(ctx, group, n, holder, end) })
}

func (f *flaky) Unregister(ctx context.Context, id uuid.UUID) error {
	return f.suffer(ctx, kindUnregister, id, func() error { return f.store.Unregister(ctx, id) })
}

func (f *flaky) Silent(ctx context.Context, group string, at time.Time, within time.Duration) (list []registry.Instance, err error) {
	err = f.suffer(ctx, kindSilent, uuid.Nil, func() (err error) { list, err = f.store.Silent(ctx, group, at, within); return err })
	return list, err
}

func (f *flaky) Claimant(ctx context.Context, group string, above int64) (in registry.Instance, err error) {
	err = f.suffer(ctx, kindClaimant, uuid.Nil, func() (err error) { in, err = f.store.Claimant(ctx, group, above); return err })
	return in, err
}

func (f *flaky) Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (in registry.Instance, err error) {
	err = f.suffer(ctx, kindCandidate, uuid.Nil, func() (err error) { in, err = f.store.Candidate(ctx, group, at, within, except...); return err })
	return in, err
}
