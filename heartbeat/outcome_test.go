package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// Package worker, which does not import this one, has errors like these.
type (
	exited    int
	gaveUp    bool
	execError struct{ error } // what os/exec returns has a method ExitCode, and is no final exit
)

func (e exited) Error() string     { return fmt.Sprintf("exit code %d", int(e)) }
func (e exited) FinalExit() int    { return int(e) }
func (gaveUp) Error() string       { return "fails again and again" }
func (g gaveUp) WorkFailing() bool { return bool(g) }
func (execError) ExitCode() int    { return 3 }

func TestOutcome_SaysWhatFollowsFromWhatTheWorkReturned(t *testing.T) {
	odd := errors.New("odd")
	for _, tt := range []struct {
		name string
		err  error
		told bool
		want result
		code int
	}{
		{"nil", nil, false, done, 0},
		{"nil, told to stop", nil, true, yielded, 0},
		{"the context's error", context.Canceled, true, yielded, 0},
		{"the context's cause", fmt.Errorf("work: %w", ErrHandedOver), true, yielded, 0},
		{"the context's error, not told", context.Canceled, false, broken, 0},
		{"a final exit", &WorkExit{Code: 3}, false, done, 3},
		{"a final exit, told to stop", fmt.Errorf("work: %w", &WorkExit{Code: 3}), true, done, 3},
		{"another's final exit", fmt.Errorf("work: %w", exited(4)), false, done, 4},
		{"failing", fmt.Errorf("work: %w", ErrWorkFailing), false, failing, 0},
		{"another's failing", fmt.Errorf("work: %w", gaveUp(true)), false, failing, 0},
		{"not failing", gaveUp(false), false, broken, 0},
		{"an exit that is not final", execError{odd}, false, broken, 0},
		{"another error", odd, false, broken, 0},
		{"another error, told to stop", odd, true, broken, 0},
	} {
		ctx, stop := context.WithCancelCause(t.Context())
		if tt.told {
			stop(ErrHandedOver)
		}
		if got := outcome(ctx, tt.err); got.result != tt.want || got.code != tt.code {
			t.Errorf("%s: %s with code %d, want %s with %d", tt.name, got.result, got.code, tt.want, tt.code)
		}
		stop(nil)
	}
}
