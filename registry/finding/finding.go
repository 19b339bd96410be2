// Package finding has the words in which a backend reports what it found when it
// checked itself: registry/mongodb and registry/sqlite return them from their functions
// Check. People read findings, as text or as JSON. The program itself uses them for the
// exit code of check only.
package finding

import (
	"fmt"
)

// Finding is one thing that was checked in a registry.
type Finding struct {
	Name   string `json:"name"`
	Mark   Mark   `json:"mark"`
	Detail string `json:"detail"`         // what was found, on one line
	Cure   string `json:"cure,omitempty"` // what to do about it, unless Detail says so
	Err    error  `json:"-"`              // the cause of a MarkError, if there is one
}

// Mark grades a [Finding].
type Mark string

const (
	MarkOK      Mark = "ok"
	MarkWarning Mark = "warning" // instances work, and somebody may regret it one day
	MarkError   Mark = "error"   // instances do not work as they should
)

// OK returns a finding that is as it should be.
func OK(name, format string, args ...any) Finding {
	return Finding{Name: name, Mark: MarkOK, Detail: fmt.Sprintf(format, args...)}
}

// Warning returns a finding that could be better.
func Warning(name, detail, cure string) Finding {
	return Finding{Name: name, Mark: MarkWarning, Detail: detail, Cure: cure}
}

// Error returns a finding that keeps instances from working as they should.
func Error(name string, err error, cure string) Finding {
	return Finding{Name: name, Mark: MarkError, Detail: err.Error(), Cure: cure, Err: err}
}
