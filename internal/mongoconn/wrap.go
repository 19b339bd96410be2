package mongoconn

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Wrap adds what failed to an error; it returns nil for nil. If ctx has ended, or
// the driver's own deadline passed, the result wraps the context's error too: the
// driver hides some of them behind errors of its own.
func Wrap(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	err = Terse(err)
	switch cause := ctx.Err(); {
	case cause != nil && !errors.Is(err, cause):
		return fmt.Errorf("%s: %w: %w", what, cause, err)
	case mongo.IsTimeout(err) && !errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w: %w", what, context.DeadlineExceeded, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Terse cuts the whole command, which the server quotes, from the text of a refusal.
func Terse(err error) error {
	text, _, long := strings.Cut(err.Error(), " to execute command")
	if !long {
		return err
	}
	return terseError{text, err}
}

type terseError struct {
	text string
	error
}

func (e terseError) Error() string { return e.text }
func (e terseError) Unwrap() error { return e.error }
