//go:build !linux

package guard

import (
	"context"
	"fmt"
	"runtime"
)

// StartIsolated starts a guard as Start does. The error wraps ErrStart, and ErrIsolation
// for what only Linux has.
func StartIsolated(ctx context.Context, out Output, i Isolation) (*Guard, error) {
	if i == Cgroup || i == PIDNamespace {
		return nil, fmt.Errorf("%w: %w", ErrStart, isolationError{fmt.Sprintf("isolation %q: only Linux has it, and this is %s", string(i), runtime.GOOS)})
	}
	return Start(ctx, out)
}

func (g *Guard) endIsolation() {}

// Isolation says what isolates the command of this guard.
func (g *Guard) Isolation() string { return string(None) }
