package finding

import (
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// Census counts the records of a registry, and those that cannot be decoded.
type Census struct {
	instances, terms int
	foreign          int   // records of another program
	bad              int   // records that cannot be decoded
	first            error // why the first bad record cannot be; ErrSchema comes before the others
}

// Instance counts the record of an instance. The error is that of decoding it.
func (c *Census) Instance(err error) {
	c.instances++
	c.note(err)
}

// Term counts the record of a term. The error is that of decoding it.
func (c *Census) Term(err error) {
	c.terms++
	c.note(err)
}

// Foreign notes that a record was written by another program: it has no schema.
// The record is counted by Instance or Term as well.
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

// Finding reports the census to people.
func (c Census) Finding() Finding {
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
