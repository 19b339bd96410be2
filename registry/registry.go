package registry

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Registry is the shared record of instances and terms. All methods may be called
// concurrently. Reads are linearizable or, where a backend replicates, come from the
// primary and from what a majority has. A write that was acknowledged survives a
// failover.
//
// A method whose context ends returns soon after, with an error that wraps the
// context's. Its write may then still be applied, at any later time. A record that
// cannot be understood is ErrCorrupt, and one of a newer version is ErrSchema. Such a
// record is never skipped, never changed, and never taken for absent.
type Registry interface {
	// Register creates the record of in.ID with beat 0. It returns ErrRegistered if the UUID has a record, and ErrCorrupt if in is
	// no valid record. Neither a backend nor a driver repeats the call: an attempt that
	// timed out may be applied minutes later, so the next attempt needs another UUID.
	Register(ctx context.Context, in Instance) (Ack, error)

	// Beat counts the beat of id up, and sets its status to s and its heartbeat to the
	// registry's time. It returns ErrNotRegistered if there is
	// no such record, and then makes none.
	Beat(ctx context.Context, id uuid.UUID, s Status) (Ack, error)

	// Mark notes in the record of id that its instance comes next after a term. The
	// answers to the beats of that instance say so ([Ack]), and it listens to the bell.
	// Term 0 takes the mark away. Mark makes no record, and changes nothing if there is
	// none. A mark is a hint, like a [Notice]. It does nothing where everybody listens.
	Mark(ctx context.Context, id uuid.UUID, term int64) error

	// Unregister deletes the record of id, if there is one. If that was marked, those that
	// watch the group get a notice, unless the record is that of an active instance.
	Unregister(ctx context.Context, id uuid.UUID) error

	// View reads the group's latest term, and then, if that is open, the record of its
	// holder. The second read comes from no earlier point in time than the first. It is left
	// out for the holders that are excepted: an instance knows its own record by its beats.
	// View returns ErrCorrupt if the term makes no sense. A holder's record that makes no
	// sense is no error, see [View].
	View(ctx context.Context, group string, except ...uuid.UUID) (View, error)

	// DeleteOrphan deletes the record of id if its beat is still the given one, and
	// reports whether it did. With NoBeat it deletes a record whose beat makes no sense.
	DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (deleted bool, err error)

	// BeginTerm inserts an open term that starts at the registry's time. It returns
	// ErrTermTaken if the group has a term of this number, and ErrTermExhausted if the
	// number is above MaxTerm.
	BeginTerm(ctx context.Context, t Term) error

	// EndTerm ends a term at the registry's time if it is open and held by holder. It
	// is no error if the term is not open, has another holder, or does not exist.
	EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end End) error

	// Candidate returns the senior instance of a group: the one of the highest priority,
	// and then of the lowest UUID, among the candidates that are live at the given time
	// of the registry ([Instance.Live]) and are not excepted. It returns ErrNoCandidate
	// if there is none. The answer is a hint: no safety rests on it.
	Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (Instance, error)

	// Claimant returns the instance of a group whose record claims the highest term
	// above the given number. Records that cannot be read are skipped. It returns
	// ErrNoClaimant if there is none.
	Claimant(ctx context.Context, group string, above int64) (Instance, error)

	// Silent returns up to [MaxSilent] instances of a group whose heartbeat differs by
	// more than within from the given time of the registry, before or after it. Those of
	// the earliest heartbeats come first. With ErrCorrupt or ErrSchema the instances are
	// returned anyway, and there are others that cannot be read.
	Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]Instance, error)

	// Watch returns a channel that receives after changes of the group's terms, and after an
	// instance that was marked has unregistered, until ctx ends or the watch breaks; then the
	// channel is closed. Several changes may make one notice, there may be notices without a
	// change, and a notice may be lost: see [Notice]. It returns ErrNoWatch if the caller has
	// to poll. All watches of a registry share what they need, so that many groups of one
	// process cost little more than one.
	Watch(ctx context.Context, group string) (<-chan Notice, error)

	// Close releases what the registry holds. Every call after it returns ErrClosed,
	// including Close itself and the methods of [Admin].
	Close(ctx context.Context) error
}

// MaxSilent bounds what one call of [Registry.Silent] returns.
const MaxSilent = 1000
