package worker

import "fmt"

// Policy says which exits of a command are final.
type Policy string

const (
	Always    Policy = "always"     // none: every one is followed by a restart
	OnFailure Policy = "on-failure" // exit code 0
	Never     Policy = "never"      // any
)

// Check says what is wrong with the policy, or nil.
func (p Policy) Check() error {
	switch p {
	case Always, OnFailure, Never:
		return nil
	}
	return fmt.Errorf("restart policy %q: want %s, %s or %s", string(p), Always, OnFailure, Never)
}

// final reports whether an exit with the given code is the last.
func (p Policy) final(code int) bool {
	return p == Never || p == OnFailure && code == 0
}
