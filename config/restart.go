package config

import (
	"fmt"
	"slices"
)

// Restart says which exits of a command are followed by another start. Package
// worker acts on it.
type Restart string

const (
	RestartAlways    Restart = "always"     // every exit
	RestartOnFailure Restart = "on-failure" // every exit but one with exit code 0
	RestartNever     Restart = "never"      // none
)

var restarts = []Restart{RestartAlways, RestartOnFailure, RestartNever}

// Check returns an error unless r is one of the constants.
func (r Restart) Check() error {
	if !slices.Contains(restarts, r) {
		return fmt.Errorf("restart policy %q: want %s, %s or %s", string(r), restarts[0], restarts[1], restarts[2])
	}
	return nil
}

// IsFinal reports whether a command that exited with the given code is not started
// again.
func (r Restart) IsFinal(code int) bool {
	return r == RestartNever || r == RestartOnFailure && code == 0
}
