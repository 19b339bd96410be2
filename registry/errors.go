package registry

import "errors"

// The errors that a [Registry] returns, wrapped with the name of the call. Compare them
// by errors.Is. Any other error leaves open whether a write was applied.
var (
	// ErrRegistered says that a record with this UUID exists already.
	ErrRegistered = errors.New("registry: already registered")
	// ErrNotRegistered says that there is no record with this UUID: somebody deleted it,
	// or the registry itself was replaced.
	ErrNotRegistered = errors.New("registry: not registered")
	// ErrTermTaken says that the group has a term of this number already.
	ErrTermTaken = errors.New("registry: term taken")
	// ErrTermExhausted says that a term's number lies above [MaxTerm].
	ErrTermExhausted = errors.New("registry: term number too large")
	// ErrNoTerm says that the term whose hand-over was requested is not open.
	ErrNoTerm = errors.New("registry: no open term")
	// ErrNoCandidate says that no instance can take over.
	ErrNoCandidate = errors.New("registry: no candidate")
	// ErrNoClaimant says that no record claims a term above the given one.
	ErrNoClaimant = errors.New("registry: no claimant")
	// ErrRefused says that the registry answered, and that one of its rules or a missing
	// right forbids the call. The same call will be refused again.
	ErrRefused = errors.New("registry: refused")
	// ErrNoWatch says that this registry cannot announce changes. The caller has to poll.
	ErrNoWatch = errors.New("registry: cannot watch")
	// ErrReadOnly says that nothing was written, because the registry was opened with
	// [Look].
	ErrReadOnly = errors.New("registry: opened to look, not to write")
	// ErrClosed says that nothing was done, because Close was called before.
	ErrClosed = errors.New("registry: closed")
	// ErrCorrupt says that a stored record makes no sense.
	ErrCorrupt = errors.New("registry: corrupt record")
	// ErrSchema says that a newer version of Understudy wrote the record.
	ErrSchema = errors.New("registry: written by a newer version")
)

// Unreadable reports whether an error is about a record that cannot be understood. The
// registry itself answered.
func Unreadable(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, ErrSchema) || errors.Is(err, ErrTermExhausted)
}
