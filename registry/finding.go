package registry

import (
	"errors"
	"fmt"
)

// Mark says how well something is that was looked at.
type Mark string

const (
	Right  Mark = "ok"
	Unwise Mark = "warning" // it works, and may cost something one day
	Wrong  Mark = "wrong"   // instances do not work with it as they should
)

// Finding is one thing that was looked at in a registry, for people.
type Finding struct {
	Name   string `json:"name"`
	Mark   Mark   `json:"mark"`
	Detail string `json:"detail"`         // what was found, on one line
	Cure   string `json:"cure,omitempty"` // what to do about it, unless Detail says so
	Err    error  `json:"-"`              // what is behind a Wrong one, if anything
}

// Fine is a finding that is right.
func Fine(name, format string, args ...any) Finding {
	return Finding{Name: name, Mark: Right, Detail: fmt.Sprintf(format, args...)}
}

// Fault is a finding that is wrong.
func Fault(name string, err error, cure string) Finding {
	return Finding{Name: name, Mark: Wrong, Detail: err.Error(), Cure: cure, Err: err}
}

// Census counts what is stored in a registry.
type Census struct {
	Instances, Terms int
	bad              int
	first            error // of those that are bad; a newer schema before all others
}

// Add takes note of the error of decoding one more record, or of none.
func (c *Census) Add(kind *int, err error) {
	*kind++
	if err == nil {
		return
	}
	c.bad++
	if c.first == nil || errors.Is(err, ErrSchema) && !errors.Is(c.first, ErrSchema) {
		c.first = err
	}
}

// Finding is the census for people.
func (c Census) Finding() Finding {
	const name = "schema"
	all := fmt.Sprintf("instances: %d, terms: %d", c.Instances, c.Terms)
	switch {
	case c.bad == 0:
		return Fine(name, "%d, the one of this program; %s", Schema, all)
	case errors.Is(c.first, ErrSchema):
		return Fault(name, fmt.Errorf("%s; not understood: %d, the first: %w", all, c.bad, c.first), "")
	}
	return Fault(name, fmt.Errorf("%s; without sense: %d, the first: %w", all, c.bad, c.first),
		"repair or delete it: nobody can be elected in a group with such a record")
}
