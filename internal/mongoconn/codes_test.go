package mongoconn

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

func TestDenied_IsAnAnswerAboutTheUser(t *testing.T) {
	for code, want := range map[int32]bool{
		11: true, 13: true, 18: true, 391: true, 8000: true, // no such user, no right, a wrong password
		91: false, 121: false, 10107: false, 11000: false,
	} {
		if got := Denied(fmt.Errorf("beat: %w", mongo.CommandError{Code: code})); got != want {
			t.Errorf("code %d: %v, want %v", code, got, want)
		}
	}
	if Denied(nil) || Denied(errors.New("no answer")) {
		t.Error("an error that no server sent: true, want false")
	}
}

func TestFinal_IsNoTimeoutAndNoChangeOfThePrimary(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"a missing right", mongo.CommandError{Code: 13}, true},
		{"a validator", mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 121}}}, true},
		{"a primary that changes", mongo.CommandError{Code: 10107}, false},
		{"a server that shuts down", mongo.CommandError{Code: 11600}, false},
		{"no majority", mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 64}}, false},
		{"a deadline", context.DeadlineExceeded, false},
		{"a network error", mongo.CommandError{Code: 6, Labels: []string{"NetworkError"}}, false},
		{"no server", errors.New("no answer"), false},
	} {
		if got := Final(tt.err); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
