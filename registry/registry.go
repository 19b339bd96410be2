package registry

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Registry is the shared record of instances and terms. All methods may be
// called concurrently. Reads are linearizable or, where a backend replicates,
// majority reads from the primary; an acknowledged write survives a failover.
//
// A method whose context ends returns soon after with an error that wraps the
// context's; a write may then still be applied, at any later time. A record
// that cannot be understood is ErrCorrupt, one of a newer version ErrSchema,
// and neither is ever skipped, changed or taken for absent.
type Registry interface {
	// Register creates the record of in.ID with beat 0 and returns the
	// registry's time. ErrRegistered: the UUID has a record. ErrCorrupt: in is no
	// valid record. It is never retried, here or by a driver: an attempt that timed
	// out may be applied minutes later, so the next attempt needs another UUID.
	Register(ctx context.Context, in Instance) (at time.Time, err error)

	// Beat counts the beat of id up, sets its heartbeat to the registry's time,
	// which it returns, and its status to s. ErrNotRegistered: there is no such
	// record, and none was made.
	Beat(ctx context.Context, id uuid.UUID, s Status) (at time.Time, err error)

	// Unregister deletes the record of id, if there is one.
	Unregister(ctx context.Context, id uuid.UUID) error

	// View reads the group's latest term and then the record of its holder; the
	// second read comes from no earlier point than the first. ErrCorrupt: the term
	// makes no sense. A holder's record that makes none is no error, see View.
	View(ctx context.Context, group string) (View, error)

	// DeleteOrphan deletes the record of id if its beat is still the given one,
	// and reports whether it did. With NoBeat it deletes one whose beat is none.
	DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (deleted bool, err error)

	// BeginTerm inserts an open term that starts at the registry's time.
	// ErrTermTaken: the group has one of that number. ErrTermExhausted: the
	// number is above MaxTerm.
	BeginTerm(ctx context.Context, t Term) error

	// EndTerm ends a term at the registry's time if it is open and held by
	// holder. It is no error if it is not, or does not exist.
	EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end End) error

	// Candidate returns the senior instance of a group: the one of the highest
	// priority, then of the lowest UUID, among those that are candidates, are live
	// at the given time of the registry ([Instance.Live]), and are not excepted.
	// ErrNoCandidate: there is none. It is a hint: no safety rests on it.
	Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (Instance, error)

	// Claimant returns the instance of a group whose record says that it holds the
	// highest term above the given number; records that cannot be read are passed
	// over. ErrNoClaimant: there is none.
	Claimant(ctx context.Context, group string, above int64) (Instance, error)

	// Silent returns up to [MaxSilent] instances of a group whose heartbeat is
	// further than within from the given time of the registry, before or after it,
	// those of the earliest heartbeats first. ErrCorrupt, ErrSchema: beside them,
	// which are returned all the same, there are some that cannot be read.
	Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]Instance, error)

	// Watch returns a channel that receives after each change of the group's
	// terms (several may be merged into one, others may be spurious) until ctx
	// ends or the watch breaks; then it is closed. ErrNoWatch: poll.
	Watch(ctx context.Context, group string) (<-chan struct{}, error)

	// Close releases what the registry holds. Calls after it return ErrClosed,
	// those of Close itself and of [Admin] too.
	Close(ctx context.Context) error
}

// MaxSilent bounds what one call of [Registry.Silent] returns.
const MaxSilent = 1000

// View is a group as one read found it.
type View struct {
	Latest *Term     // the group's latest term; nil if it never had one
	Holder *Instance // the record of that term's holder; nil if there is none
	// Damage says what makes no sense of the holder's record. Holder then is what
	// Term.Remains makes of it. It is ErrCorrupt, or nil.
	Damage error
}

// Number is that of the latest term; 0 if the group never had one.
func (v View) Number() int64 {
	if v.Latest == nil {
		return 0
	}
	return v.Latest.Number
}

// Admin is what people need besides: looking and asking, never electing. See
// [Backend].
type Admin interface {
	// Instances returns the instances of a group in order of their UUIDs, and
	// the registry's time. ErrCorrupt, ErrSchema: beside them, which are returned
	// all the same, there are some that cannot be read.
	Instances(ctx context.Context, group string) (list []Instance, at time.Time, err error)
	// Terms returns up to n terms of a group, the latest first. ErrCorrupt,
	// ErrSchema: beside them, which are returned all the same, there are some that
	// cannot be read.
	Terms(ctx context.Context, group string, n int) ([]Term, error)
	// Groups returns the names of all groups that ever had a term or have an
	// instance, sorted. ErrCorrupt: beside them, which are returned all the same,
	// there is what is no group's name.
	Groups(ctx context.Context) ([]string, error)
	// RequestHandover asks the holder of an open term to step down, at the
	// registry's time. ErrNoTerm: the term is not open.
	RequestHandover(ctx context.Context, group string, number int64, to uuid.UUID) error
	// Info describes the registry.
	Info(ctx context.Context) (Info, error)
}

// Info describes a registry to people.
type Info struct {
	Backend  string    // "mongodb", "sqlite"
	Version  string    // the server's or the library's
	Topology string    // "replica set rs0, 3 members", "a file on this machine"
	At       time.Time // the registry's clock
	Schema   int
}
