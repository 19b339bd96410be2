package registry

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestTerm_CheckRefusesARecordThatCannotBeUsed(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *Term)
		want error
	}{
		{"the least", func(*Term) {}, nil},
		{"the largest", func(t *Term) { t.Number = MaxTerm }, nil},
		{"one more", func(t *Term) { t.Number = MaxTerm + 1 }, ErrTermExhausted},
		{"the largest int64", func(t *Term) { t.Number = math.MaxInt64 }, ErrTermExhausted},
		{"number 0", func(t *Term) { t.Number = 0 }, ErrCorrupt},
		{"a negative number", func(t *Term) { t.Number = math.MinInt64 }, ErrCorrupt},
		{"no group", func(t *Term) { t.Group = "" }, ErrCorrupt},
		{"no holder", func(t *Term) { t.Holder = uuid.Nil }, ErrCorrupt},
		{"no start", func(t *Term) { t.StartedAt = time.Time{} }, ErrCorrupt},
		{"no schema", func(t *Term) { t.Schema = 0 }, ErrCorrupt},
		{"a newer schema that explains the rest", func(t *Term) { *t = Term{Schema: Schema + 1} }, ErrSchema},
	} {
		term := Term{Group: "g", Number: 1, Holder: someID, StartedAt: someTime, Schema: Schema}
		tt.make(&term)
		if err := term.Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestTerm_IsOpenUntilItHasAnEnd(t *testing.T) {
	if !(Term{}).Open() {
		t.Error("a term without an end is not open")
	}
	if (Term{EndedAt: someTime}).Open() {
		t.Error("a term with an end is open")
	}
}

func TestTerm_RemainsPromiseTheTermsTAndNoInterval(t *testing.T) {
	term := Term{Group: "g", Number: 7, Holder: uuid.New(), Host: "h", OrphanAfter: time.Hour}
	in := term.Remains(3)
	if in.OrphanAfter != time.Hour || in.Interval != 0 || in.Beat != 3 || in.ID != term.Holder || in.Term != 7 {
		t.Errorf("%+v", in)
	}
	if in := term.Remains(-5); in.Beat != NoBeat {
		t.Errorf("beat %d, want %d", in.Beat, NoBeat)
	}
}

// The content of a record is untrusted, and so is the text of an error that quotes it.
func TestCheck_ErrorQuotesTheRecordAndIsShort(t *testing.T) {
	group := "\x1b[2J" + strings.Repeat("x", 10000)
	for _, err := range []error{
		Instance{ID: someID, Group: group, Schema: Schema}.Check(),
		Term{Group: group, Number: 1, Schema: Schema}.Check(),
		Term{Group: group, Schema: Schema + 1}.Check(),
	} {
		if err == nil || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 500 {
			t.Errorf("got %.600q, want a short error without control characters", err)
		}
	}
}
