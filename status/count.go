package status

import (
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// Count says how many instances of each kind a group has. A silent instance counts as
// silent and nothing else, even the active one: nobody can rely on it.
type Count struct {
	Active     int
	Passive    int
	HoldingOff int // of the passive ones
	Silent     int
}

// Count counts the instances.
func (g Group) Count() (c Count) {
	for _, in := range g.Instances {
		switch {
		case in.Silent:
			c.Silent++
		case in.Role == registry.Active:
			c.Active++
		default:
			c.Passive++
			if in.HoldingOff {
				c.HoldingOff++
			}
		}
	}
	return c
}

// others words the counts of the instances that are not active.
func (c Count) others() string {
	line := fmt.Sprintf("%d passive", c.Passive)
	if c.HoldingOff > 0 {
		line += fmt.Sprintf(" (%d holding off)", c.HoldingOff)
	}
	if c.Silent > 0 {
		line += fmt.Sprintf(", %d silent", c.Silent)
	}
	return line
}

// waiting words which instances are there while none is active.
func (c Count) waiting() string {
	switch {
	case c.Passive > 0:
		return c.others()
	case c.Silent > 0:
		return fmt.Sprintf("nobody is there to take over, %d silent", c.Silent)
	}
	return "nobody is there to take over"
}
