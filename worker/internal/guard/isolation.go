package guard

import "errors"

// Isolation says what keeps the processes of a command together, besides the guard and
// its ties. Only Linux has more than None.
type Isolation string

const (
	None         Isolation = "none"   // nothing
	Auto         Isolation = "auto"   // a control group if one can be had, and hides no limit from the command
	Cgroup       Isolation = "cgroup" // a control group of its own, which the guard kills as a whole
	PIDNamespace Isolation = "pid"    // a PID namespace of its own, which the kernel ends together with the guard
)

// ErrIsolation says that the isolation that was asked for cannot be had here. It comes with
// ErrStart, and says what would permit it.
var ErrIsolation = errors.New("isolation")

// isolationError is an error of ErrStart and of ErrIsolation.
type isolationError struct{ text string }

func (e isolationError) Error() string        { return e.text }
func (e isolationError) Is(target error) bool { return target == ErrIsolation }
