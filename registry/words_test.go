package registry

import (
	"testing"

	"github.com/google/uuid"
)

func TestName_IsTheHostAndTheEndOfTheUUID(t *testing.T) {
	id := uuid.MustParse("018f3a9b-0000-7000-8000-0000009f3c1a")
	if got := Name("db2.example.com", id); got != "db2.example.com/9f3c1a" {
		t.Errorf("got %q", got)
	}
	if got := ShortID(id); len(got) != ShortDigits {
		t.Errorf("%q has %d digits, want %d", got, len(got), ShortDigits)
	}
}

func TestReason_HasWords(t *testing.T) {
	for _, r := range []Reason{Stopped, HandedOver, LeaseLost, Orphaned, Crashed, Unregistered, WorkFailed, NotReady, WorkDone} {
		if r.Words() == "" {
			t.Errorf("no words for %q", r)
		}
	}
	for _, r := range []Reason{"", "another program's"} {
		if words := r.Words(); words != "" {
			t.Errorf("%q has the words %q", r, words)
		}
	}
}
