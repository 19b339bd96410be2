package registry

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestCheckGroup(t *testing.T) {
	for _, tt := range []struct {
		name string
		ok   bool
	}{
		{"default", true}, {"a", true}, {"0", true}, {"A.b_c-d/e:f@g", true}, {strings.Repeat("x", 100), true},
		{"..", true}, {"-", true},
		{"", false}, {strings.Repeat("x", 101), false}, {" ", false}, {"a b", false}, {"a\n", false}, {"a\x00", false},
		{"ä", false}, {"\xff", false}, {"$where", false}, {"a*", false}, {"a\\b", false}, {`a"b`, false}, {"a;b", false},
		{"\x1b[31m", false}, {"a\u202eb", false},
	} {
		err := CheckGroup(tt.name)
		if (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.name, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x00\x1b\n\u202e") {
			t.Errorf("%q: the error has control characters in it: %q", tt.name, err)
		}
	}
}

var (
	someTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	someID   = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
)

func TestInstanceCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(in *Instance)
		want error
	}{
		{"the least", func(*Instance) {}, nil},
		{"nothing known but what counts", func(in *Instance) { in.PID, in.Priority = -1, math.MinInt }, nil},
		{"an unknown role", func(in *Instance) { in.Role = "boss" }, nil},
		{"no UUID", func(in *Instance) { in.ID = uuid.Nil }, ErrCorrupt},
		{"no group", func(in *Instance) { in.Group = "" }, ErrCorrupt},
		{"a group that is none", func(in *Instance) { in.Group = "a b" }, ErrCorrupt},
		{"a negative beat", func(in *Instance) { in.Beat = -1 }, ErrCorrupt},
		{"no heartbeat", func(in *Instance) { in.Heartbeat = time.Time{} }, ErrCorrupt},
		{"no schema", func(in *Instance) { in.Schema = 0 }, ErrCorrupt},
		{"a newer schema", func(in *Instance) { in.Schema = Schema + 1 }, ErrSchema},
		{"a newer schema that explains the rest", func(in *Instance) { *in = Instance{Schema: math.MaxInt} }, ErrSchema},
	} {
		in := Instance{ID: someID, Group: "g", Heartbeat: someTime, Schema: Schema}
		tt.make(&in)
		if err := in.Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestTermCheck(t *testing.T) {
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

// What a record holds is untrusted, also in the text of an error.
func TestErrorsOfChecksQuoteTheRecord(t *testing.T) {
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

func TestTermOpen(t *testing.T) {
	if !(Term{}).Open() {
		t.Error("a term that has not ended is open")
	}
	if (Term{EndedAt: someTime}).Open() {
		t.Error("a term that has ended is not")
	}
}

func TestPromiseIsWhatMakesSense(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		interval, orphanAfter time.Duration
		ok                    bool
	}{
		{s, time.Minute, true},
		{MinInterval, time.Minute, true},
		{MinInterval - 1, time.Minute, false},
		{0, 0, false}, // neither is in the record
		{s, 0, false},
		{0, time.Minute, false},
		{-s, -s, false},
		{time.Minute, s, false}, // each makes sense, together they do not
		{s, 1 << 62, false},
	} {
		got, ok := Instance{Interval: tt.interval, OrphanAfter: tt.orphanAfter}.Promise()
		var want Timing
		if tt.ok {
			want = Timing{Interval: tt.interval, OrphanAfter: tt.orphanAfter, StopGrace: MinStopGrace}
		}
		if ok != tt.ok || got != want {
			t.Errorf("%v, %v: %+v, %v; want %+v, %v", tt.interval, tt.orphanAfter, got, ok, want, tt.ok)
		}
	}
}

// What is left of a damaged record promises the T of its term, and no interval.
func TestRemainsPromiseTheTermsT(t *testing.T) {
	term := Term{Group: "g", Number: 7, Holder: uuid.New(), Host: "h", OrphanAfter: time.Hour}
	in := term.Remains(3)
	if in.OrphanAfter != time.Hour || in.Interval != 0 || in.Beat != 3 || in.ID != term.Holder || in.Term != 7 {
		t.Errorf("%+v", in)
	}
	if in := term.Remains(-5); in.Beat != NoBeat {
		t.Errorf("beat %d, want %d", in.Beat, NoBeat)
	}
}
