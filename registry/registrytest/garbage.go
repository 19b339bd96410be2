package registrytest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// spoilt is one value that a field should not have.
type spoilt struct {
	field string
	value any // nil: the field is missing
	want  error
}

func (s spoilt) String() string { return fmt.Sprintf("%s=%#v", s.field, s.value) }

// lead makes a group of three terms, the last one open and its holder there.
func lead(t *testing.T, b Backend) (registry.Instance, registry.Term) {
	t.Helper()
	in := newInstance(t, "")
	in.Group = "garbage:" + in.ID.String()
	register(t, b, in)
	beat(t, b, in.ID, in.Status)
	for n := int64(1); n <= 2; n++ {
		end(t, b, begin(t, b, in.Group, n, in.ID), registry.End{Reason: registry.Stopped})
	}
	return in, begin(t, b, in.Group, 3, in.ID)
}

var (
	vitalOfInstance = []spoilt{
		{"beat", nil, registry.ErrCorrupt},
		{"beat", "many", registry.ErrCorrupt},
		{"beat", int64(-1), registry.ErrCorrupt},
		{"beat", 2.5, registry.ErrCorrupt},
		{"beat", []byte{1}, registry.ErrCorrupt},
		{"heartbeat", nil, registry.ErrCorrupt},
		{"heartbeat", "now", registry.ErrCorrupt},
		{"heartbeat", []byte{0xff, 0}, registry.ErrCorrupt},
		{"group", nil, registry.ErrCorrupt},
		{"group", "", registry.ErrCorrupt},
		{"group", "a\x00b\x1b[31m", registry.ErrCorrupt},
		{"group", int64(7), registry.ErrCorrupt},
		{"schema", nil, registry.ErrCorrupt},
		{"schema", "one", registry.ErrCorrupt},
		{"schema", int64(0), registry.ErrCorrupt},
		{"schema", int64(-1), registry.ErrCorrupt},
		{"schema", int64(registry.Schema + 1), registry.ErrSchema},
		{"schema", int64(math.MaxInt64), registry.ErrSchema},
	}
	vitalOfTerm = []spoilt{
		{"holder", nil, registry.ErrCorrupt},
		{"holder", "somebody", registry.ErrCorrupt},
		{"holder", "", registry.ErrCorrupt},
		{"holder", int64(7), registry.ErrCorrupt},
		{"holder", []byte("fifteen bytes.."), registry.ErrCorrupt},
		{"startedAt", nil, registry.ErrCorrupt},
		{"startedAt", "yesterday", registry.ErrCorrupt},
		{"endedAt", "", registry.ErrCorrupt},
		{"endedAt", "never", registry.ErrCorrupt},
		{"endedAt", []byte{}, registry.ErrCorrupt},
		{"endedAt", time.Time{}, registry.ErrCorrupt},
		{"schema", nil, registry.ErrCorrupt},
		{"schema", "one", registry.ErrCorrupt},
		{"schema", int64(0), registry.ErrCorrupt},
		{"schema", int64(registry.Schema + 1), registry.ErrSchema},
		{"schema", int64(math.MaxInt64), registry.ErrSchema},
		{"number", "three", registry.ErrCorrupt},
		{"number", 3.5, registry.ErrCorrupt},
		{"number", []byte{3}, registry.ErrCorrupt},
		{"number", int64(math.MaxInt64), registry.ErrTermExhausted},
	}
)

func garbage(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)
	t.Run("HolderIsNeverTakenForAbsent", func(t *testing.T) {
		for _, s := range vitalOfInstance {
			t.Run(s.String(), func(t *testing.T) {
				in, _ := lead(t, b)
				store.Spoil(t, Record{ID: in.ID}, s.field, s.value)
				for range 2 { // reading changes nothing
					v, err := other.View(t.Context(), in.Group)
					wantError(t, "View", err, s.want)
					if v.Holder != nil || v.Latest != nil {
						t.Errorf("View: %+v with an error", v)
					}
				}
				if s.field == "group" {
					return // it is in no group that could be listed
				}
				_, _, err := other.Instances(t.Context(), in.Group)
				wantError(t, "Instances", err, s.want)
				// A hint may leave it out; it must not come as if it were good.
				if got, err := other.Candidate(t.Context(), in.Group, time.Time{}); err == nil {
					t.Errorf("Candidate: %+v", got)
				} else {
					wantError(t, "Candidate", err, s.want, registry.ErrNoCandidate)
				}
				if got, err := other.Silent(t.Context(), in.Group, time.Now().Add(time.Hour)); err == nil && len(got) > 0 {
					t.Errorf("Silent: %+v", got)
				} else if err != nil {
					wantError(t, "Silent", err, s.want)
				}
			})
		}
	})

	t.Run("UnreadableHidesNoSilentOne", func(t *testing.T) {
		good, _ := lead(t, b)
		bad := newInstance(t, good.Group)
		register(t, b, bad)
		store.Spoil(t, Record{ID: bad.ID}, "beat", "many")
		got, err := other.Silent(t.Context(), good.Group, time.Now().Add(time.Hour))
		wantError(t, "Silent", err, registry.ErrCorrupt)
		if len(got) != 1 || got[0].ID != good.ID {
			t.Errorf("Silent: %v, want %v alone", got, good.ID)
		}
	})

	t.Run("BadNameHidesNoGroup", func(t *testing.T) {
		good, _ := lead(t, b)
		bad, _ := lead(t, b)
		store.Spoil(t, Record{ID: bad.ID}, "group", "a\x00b\x1b[31m")
		got, err := other.Groups(t.Context())
		wantError(t, "Groups", err, registry.ErrCorrupt)
		if !slices.Contains(got, good.Group) {
			t.Errorf("Groups: %q, want %s among them", got, good.Group)
		}
	})

	t.Run("BeatOfASpoiltRecordIsAnError", func(t *testing.T) {
		for _, s := range []spoilt{
			{"beat", nil, registry.ErrCorrupt},
			{"beat", "many", registry.ErrCorrupt},
			{"beat", int64(math.MaxInt64), registry.ErrCorrupt},
			{"schema", int64(registry.Schema + 1), registry.ErrSchema},
			{"schema", "one", registry.ErrCorrupt},
		} {
			t.Run(s.String(), func(t *testing.T) {
				in, _ := lead(t, b)
				store.Spoil(t, Record{ID: in.ID}, s.field, s.value)
				_, err := b.Beat(t.Context(), in.ID, in.Status)
				wantError(t, "Beat", err, s.want)
			})
		}
	})

	t.Run("LatestTermIsNeverSkipped", func(t *testing.T) {
		for _, s := range vitalOfTerm {
			t.Run(s.String(), func(t *testing.T) {
				in, term := lead(t, b)
				store.Spoil(t, Record{Group: in.Group, Term: 3}, s.field, s.value)
				check := func(when string) {
					t.Helper()
					v, err := other.View(t.Context(), in.Group)
					wantError(t, when+": View", err, s.want)
					if v.Holder != nil || v.Latest != nil {
						t.Errorf("%s: View: %+v with an error", when, v)
					}
					_, err = other.Terms(t.Context(), in.Group, 10)
					wantError(t, when+": Terms", err, s.want)
				}
				check("at first")
				if s.field != "number" {
					err := b.BeginTerm(t.Context(), term)
					wantError(t, "BeginTerm", err, registry.ErrTermTaken)
				}
				if s.field == "endedAt" || s.field == "holder" {
					end(t, b, term, registry.End{Reason: registry.Stopped})
					check("after EndTerm")
				}
				if s.field == "endedAt" {
					err := b.RequestHandover(t.Context(), in.Group, 3, uuid.Nil)
					wantError(t, "RequestHandover", err, registry.ErrNoTerm, registry.ErrCorrupt)
					check("after RequestHandover")
				}
			})
		}
	})

	t.Run("OldTermIsNotListedAsIfItWereGood", func(t *testing.T) {
		in, _ := lead(t, b)
		store.Spoil(t, Record{Group: in.Group, Term: 1}, "holder", "somebody")
		if got := latest(t, b, in.Group); got.Number != 3 {
			t.Errorf("the latest is %d, want 3", got.Number)
		}
		_, err := b.Terms(t.Context(), in.Group, 10)
		wantError(t, "Terms", err, registry.ErrCorrupt)
	})
}
