package registry

import "errors"

// The errors that a [Registry] returns, wrapped with what it was doing. Compare
// with errors.Is. Any other error leaves open whether a write was applied.
var (
	// ErrRegistered says that a record with this UUID exists already.
	ErrRegistered = errors.New("registry: already registered")
	// ErrNotRegistered says that there is no record with this UUID: somebody
	// deleted it, or the registry itself was replaced.
	ErrNotRegistered = errors.New("registry: not registered")
	// ErrTermTaken says that the group has a term of this number already.
	ErrTermTaken = errors.New("registry: term taken")
	// ErrTermExhausted says that a term's number lies above [MaxTerm].
	ErrTermExhausted = errors.New("registry: term number too large")
	// ErrNoTerm says that there is no open term to ask a hand-over of.
	ErrNoTerm = errors.New("registry: no open term")
	// ErrNoCandidate says that nobody is there to take over.
	ErrNoCandidate = errors.New("registry: no candidate")
	// ErrNoClaimant says that no record claims a term above the given one.
	ErrNoClaimant = errors.New("registry: no claimant")
	// ErrRefused says that the registry answered, and refused what was asked by a
	// rule or a right of its own: asking again does not help.
	ErrRefused = errors.New("registry: refused")
	// ErrNoWatch says that this registry cannot announce changes: poll.
	ErrNoWatch = errors.New("registry: cannot watch")
	// ErrReadOnly says that nothing was written: the registry was opened to [Look].
	ErrReadOnly = errors.New("registry: opened to look, not to write")
	// ErrClosed says that nothing was done: Close was called before.
	ErrClosed = errors.New("registry: closed")
	// ErrCorrupt says that a stored record makes no sense.
	ErrCorrupt = errors.New("registry: corrupt record")
	// ErrSchema says that a newer version of Understudy wrote the record.
	ErrSchema = errors.New("registry: written by a newer version")
)

// Unreadable reports whether an error says that a record cannot be understood,
// rather than not be had: the registry does answer.
func Unreadable(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, ErrSchema) || errors.Is(err, ErrTermExhausted)
}
