package jobs

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a definition.
type Fault struct {
	Index int    // of the definition in the list that was validated
	Job   string // its name
	Field string // as the jobs file calls it, such as "retries.max" or "then[1].job"
	// Offset is where in the text of the field the fault is, in bytes.
	Offset int
	Text   string // what is wrong, and what would be right; without secrets
}

// String returns the fault as a line for people.
func (f Fault) String() string {
	if f.Job == "" || f.Field == "name" {
		return fmt.Sprintf("job %d: %s: %s", f.Index+1, f.Field, f.Text)
	}
	return fmt.Sprintf("job %s: %s: %s", f.Job, f.Field, f.Text)
}

// Faults are all things that are wrong with a set of definitions. They are the error of
// [Validate].
type Faults []Fault

// Error returns the faults, one per line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}
