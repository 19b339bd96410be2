package finding

import (
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// Census counts what is stored in a registry.
type Census struct {
	instances, terms int
	foreign          int
	bad              int
	first            error // of those that are bad; a newer schema before all others
}

// Instance counts one record of an instance, with the error of decoding it.
func (c *Census) Instance(err error) {
	c.instances++
	c.note(err)
}

// Term counts one record of a term, with the error of decoding it.
func (c *Census) Term(err error) {
	c.terms++
	c.note(err)
}

// Foreign says that a record that was counted is of another program: it says of
// no schema.
func (c *Census) Foreign() { c.foreign++ }

func (c *Census) note(err error) {
	if err == nil {
		return
	}
	c.bad++
	if c.first == nil || errors.Is(err, registry.ErrSchema) && !errors.Is(c.first, registry.ErrSchema) {
		c.first = err
	}
}

// Finding is the census for people.
func (c Census) Finding() registry.Finding {
	const name = "schema"
	all := fmt.Sprintf("instances: %d, terms: %d", c.instances, c.terms)
	switch {
	case c.bad == 0:
		return OK(name, "%d, the one of this program; %s", registry.Schema, all)
	case c.foreign > 0:
		return Error(name, fmt.Errorf("%s; of another program, for they have no schema: %d", all, c.foreign),
			"leave them alone, and name another database (UNDERSTUDY_DATABASE), for Understudy alone")
	case errors.Is(c.first, registry.ErrSchema):
		return Error(name, fmt.Errorf("%s; not understood: %d, the first: %w", all, c.bad, c.first), "")
	}
	return Error(name, fmt.Errorf("%s; unreadable: %d, the first: %w", all, c.bad, c.first),
		"repair or delete it: while the latest term of a group is such a record, nobody can be elected there")
}
