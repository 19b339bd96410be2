package mongoconn

import (
	"context"
	"errors"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

func TestWrap_NamesTheEndOfTheContext(t *testing.T) {
	if err := Wrap(t.Context(), "beat", nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Wrap(cancelled, "beat", errors.New("socket closed")); !errors.Is(err, context.Canceled) || err.Error() != "beat: context canceled: socket closed" {
		t.Errorf("an error of the driver after a cancellation: %v, want context.Canceled", err)
	}
	timeout := mongo.CommandError{Code: 50, Name: "MaxTimeMSExpired", Message: "operation exceeded time limit"}
	if err := Wrap(t.Context(), "beat", timeout); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a timeout of the server: %v, want context.DeadlineExceeded", err)
	}
	quoted := mongo.CommandError{Code: 13, Name: "Unauthorized", Message: "not authorized on app to execute command { find: \"terms\" }"}
	if err := Wrap(t.Context(), "view", quoted); err.Error() != "view: (Unauthorized) not authorized on app" || !Unauthorized(err) {
		t.Errorf("a refusal that quotes the command: %v, want it without the command", err)
	}
}
