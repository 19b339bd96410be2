// Package trial makes the calls that an instance makes first, for a backend that
// checks itself. The backend undoes what they wrote.
package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Group returns the name of a group that nobody else has.
func Group() string { return "understudy-check:" + uuid.NewString() }

// Other returns a name that differs from that of the group in case alone.
func Other(group string) string { return strings.ToUpper(group) }

// instance returns an instance to register. Two of them differ in their UUIDs
// alone, because a backend may tell instances apart by nothing else.
func instance(group string) registry.Instance {
	t := registry.DefaultTiming
	return registry.Instance{
		ID: uuid.Must(uuid.NewV7()), Group: group, Host: "check", PID: 1, Version: "check",
		Interval: t.Interval, OrphanAfter: t.OrphanAfter,
		Status: registry.Status{Role: registry.Passive, Candidate: true},
	}
}

// Instances registers two instances of a group, sends a heartbeat, finds the
// candidate, and unregisters both.
func Instances(ctx context.Context, r registry.Registry, group string) error {
	one, two := instance(group), instance(group)
	for _, in := range []registry.Instance{one, two} {
		if _, err := r.Register(ctx, in); err != nil {
			return doubtful(err)
		}
	}
	ack, err := r.Beat(ctx, one.ID, one.Status)
	if errors.Is(err, registry.ErrNotRegistered) {
		return vanished("the registration")
	}
	if err != nil {
		return err
	}
	// A record whose heartbeat was changed by somebody else is not found either.
	_, err = r.Candidate(ctx, group, ack.At, time.Minute)
	if errors.Is(err, registry.ErrNoCandidate) {
		return vanished("the registration")
	}
	if err != nil {
		return err
	}
	return errors.Join(r.Unregister(ctx, one.ID), r.Unregister(ctx, two.ID))
}

// Terms begins two terms of a group, ends both, and checks that a group of another
// name does not have them.
func Terms(ctx context.Context, r registry.Registry, group string) error {
	for number := range int64(2) {
		t := term(group, number+1)
		if err := r.BeginTerm(ctx, t); err != nil {
			return doubtful(err)
		}
		if err := shows(ctx, r, t, true); err != nil {
			return err
		}
		if err := r.EndTerm(ctx, group, t.Number, t.Holder, registry.End{Reason: registry.Stopped}); err != nil {
			return err
		}
		if err := shows(ctx, r, t, false); err != nil {
			return err
		}
	}
	// The terms above prove that two records may exist side by side. So if this one
	// is refused, its name is the reason.
	other := term(Other(group), 1)
	v, err := r.View(ctx, other.Group)
	if err != nil {
		return err
	}
	if v.Latest == nil {
		err = r.BeginTerm(ctx, other)
	}
	if v.Latest != nil || errors.Is(err, registry.ErrTermTaken) || errors.Is(err, registry.ErrRefused) {
		return fmt.Errorf("%w: the groups A and a are one group there: a collation that another program has set compares their names", registry.ErrRefused)
	}
	return err
}

func term(group string, number int64) registry.Term {
	return registry.Term{Group: group, Number: number, Holder: uuid.Must(uuid.NewV7()), Host: "check", OrphanAfter: time.Minute}
}

// shows checks that a view contains the term as it was written.
func shows(ctx context.Context, r registry.Registry, t registry.Term, open bool) error {
	v, err := r.View(ctx, t.Group)
	switch {
	case err != nil:
		return err
	case v.Number() != t.Number || v.Latest.Holder != t.Holder:
		return vanished("the term")
	case v.Latest.Open() != open:
		return vanished("the end of the term")
	}
	return nil
}

// doubtful explains an error that says that a UUID or a term exists already,
// although it was made up a moment ago.
func doubtful(err error) error {
	if errors.Is(err, registry.ErrRegistered) || errors.Is(err, registry.ErrTermTaken) {
		return fmt.Errorf("it was made up a moment ago, so a unique index or a rule of another program refuses it: %w", err)
	}
	return err
}

// vanished returns the error for a record that was acknowledged and is missing.
func vanished(what string) error {
	return fmt.Errorf("%w: %s was acknowledged, and is not stored: a rule of another program undoes it", registry.ErrRefused, what)
}
