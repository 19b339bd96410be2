package registrytest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// instances: registration, heartbeats and deletion of instances.
func instances(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	t.Run("RegisterStoresTheRecordAsGiven", func(t *testing.T) {
		in := newInstance(t, "given")
		in.Priority = -3
		in.Status = registry.Status{Role: registry.Active, Term: 1 << 40, Candidate: false}
		at := register(t, b, in)
		got := find(t, other, in.Group, in.ID)
		if got == nil {
			t.Fatal("Instances does not return the record that Register made")
		}
		if !together(got.StartedAt, at) {
			t.Errorf("StartedAt is %v, want the time that Register returned, %v", got.StartedAt, at)
		}
		in.StartedAt, in.Heartbeat, in.Schema = got.StartedAt, at, registry.Schema
		if diff := cmp.Diff(in, *got); diff != "" {
			t.Errorf("the record (- want, + got):\n%s", diff)
		}
	})

	t.Run("RegisterSetsBeatAndTimesItself", func(t *testing.T) {
		in := newInstance(t, "itself")
		in.Beat, in.Heartbeat, in.StartedAt, in.Schema = 99, time.Unix(1, 0), time.Unix(1, 0), 77
		at := register(t, b, in)
		got := find(t, other, in.Group, in.ID)
		if got == nil || got.Beat != 0 || !got.Heartbeat.Equal(at) || !together(got.StartedAt, at) || got.Schema != registry.Schema {
			t.Errorf("got %+v, want beat 0, schema %d, and the time %v", got, registry.Schema, at)
		}
	})

	t.Run("RegisterKeepsUnusualText", func(t *testing.T) {
		in := newInstance(t, "text")
		in.Host, in.Version, in.Command = "", "ö 🎭 \"'\\ %s $where", "'; DROP TABLE instances; --"
		register(t, b, in)
		got := find(t, other, in.Group, in.ID)
		if got == nil || got.Host != in.Host || got.Version != in.Version || got.Command != in.Command {
			t.Errorf("got %+v, want %+v", got, in)
		}
	})

	t.Run("MarkShowsInTheAnswersToBeats", func(t *testing.T) {
		in := newInstance(t, "marked")
		mark := func(id uuid.UUID, term int64) {
			t.Helper()
			if err := other.Mark(t.Context(), id, term); err != nil {
				t.Fatalf("Mark: %v", err)
			}
		}
		ack, err := b.Register(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		everybody := ack.Everybody()
		for _, term := range []int64{7, 0, 8} {
			mark(in.ID, term)
			for range 2 { // a beat does not take it away
				ack, err = b.Beat(t.Context(), in.ID, in.Status)
				if err != nil || ack.Listen != term && !everybody || everybody && !ack.Everybody() {
					t.Fatalf("Beat: %+v, %v; want the mark %d, or that of everybody: %v", ack, err, term, everybody)
				}
			}
		}
		if got := find(t, other, in.Group, in.ID); got == nil || !everybody && got.Listen != 8 {
			t.Errorf("the record is %+v, want the mark 8", got)
		}
		stranger := newID(t)
		mark(stranger, 7)
		if got := find(t, other, in.Group, stranger); got != nil {
			t.Errorf("Mark has made the record %+v", got)
		}
	})

	t.Run("RegisterTwiceIsErrRegistered", func(t *testing.T) {
		in := newInstance(t, "twice")
		register(t, b, in)
		beat(t, b, in.ID, in.Status)
		again := in
		again.Host = "elsewhere"
		_, err := other.Register(t.Context(), again)
		suite.WantError(t, "Register", err, registry.ErrRegistered)
		if got := find(t, b, in.Group, in.ID); got == nil || got.Host != in.Host || got.Beat != 1 {
			t.Errorf("the record is %+v, want it as it was after the first Register and a beat", got)
		}
	})

	t.Run("RegisterRefusesNonsense", func(t *testing.T) {
		for _, in := range []registry.Instance{{Group: "nonsense"}, {ID: newID(t)}, {ID: newID(t), Group: "a b"}} {
			_, err := b.Register(t.Context(), in)
			suite.WantError(t, fmt.Sprintf("Register(%v, %q)", in.ID, in.Group), err, registry.ErrCorrupt)
		}
		if list, _, err := b.Instances(t.Context(), "nonsense"); err != nil || len(list) != 0 {
			t.Errorf("Instances: %v, %v; want none", list, err)
		}
	})

	t.Run("BeatCountsUpAndReturnsTheStoredTime", func(t *testing.T) {
		in := newInstance(t, "beat")
		last := register(t, b, in)
		for n := int64(1); n <= 12; n++ {
			status := registry.Status{Role: registry.Active, Term: n, Candidate: n%2 == 0}
			at := beat(t, b, in.ID, status)
			got := find(t, other, in.Group, in.ID)
			if got == nil || got.Beat != n || got.Status != status || !got.Heartbeat.Equal(at) {
				t.Fatalf("beat %d returned %v, and the record is %+v; want that beat, that heartbeat, and the status %+v", n, at, got, status)
			}
			if at.Before(last) {
				t.Errorf("beat %d returned %v, which is before the time of the previous one, %v", n, at, last)
			}
			last = at
		}
		got := find(t, b, in.Group, in.ID)
		if got.Host != in.Host || got.Priority != in.Priority || got.StartedAt.After(got.Heartbeat) {
			t.Errorf("a beat changed more than beat, heartbeat and status: %+v", got)
		}
	})

	t.Run("BeatOfAStrangerIsErrNotRegisteredAndCreatesNothing", func(t *testing.T) {
		id := newID(t)
		_, err := b.Beat(t.Context(), id, registry.Status{Role: registry.Passive})
		suite.WantError(t, "Beat", err, registry.ErrNotRegistered)
		if deleted, err := b.DeleteOrphan(t.Context(), id, 1); deleted || err != nil {
			t.Errorf("DeleteOrphan: %v, %v; want false, for the beat must have made no record", deleted, err)
		}
	})

	t.Run("BeatAfterDeletionIsErrNotRegisteredAndCreatesNothing", func(t *testing.T) {
		in := newInstance(t, "deleted")
		register(t, b, in)
		beat(t, b, in.ID, in.Status)
		if deleted, err := other.DeleteOrphan(t.Context(), in.ID, 1); !deleted || err != nil {
			t.Fatalf("DeleteOrphan: %v, %v; want true", deleted, err)
		}
		for range 2 {
			_, err := b.Beat(t.Context(), in.ID, in.Status)
			suite.WantError(t, "Beat", err, registry.ErrNotRegistered)
		}
		if got := find(t, b, in.Group, in.ID); got != nil {
			t.Errorf("a beat after the deletion made the record %+v, want none", got)
		}
	})

	t.Run("DeleteOrphanSparesABeatThatMovedOn", func(t *testing.T) {
		in := newInstance(t, "moved")
		register(t, b, in)
		beat(t, b, in.ID, in.Status)
		for _, observed := range []int64{0, 2, -1, math.MaxInt64} {
			if deleted, err := other.DeleteOrphan(t.Context(), in.ID, observed); deleted || err != nil {
				t.Errorf("DeleteOrphan of beat %d: %v, %v; want false", observed, deleted, err)
			}
		}
		if got := find(t, b, in.Group, in.ID); got == nil || got.Beat != 1 {
			t.Errorf("the record is %+v, want it unchanged", got)
		}
		beat(t, b, in.ID, in.Status)
	})

	t.Run("DeleteOrphanTwiceIsFalse", func(t *testing.T) {
		in := newInstance(t, "orphan")
		register(t, b, in)
		for i, want := range []bool{true, false} {
			if deleted, err := other.DeleteOrphan(t.Context(), in.ID, 0); deleted != want || err != nil {
				t.Errorf("call %d of DeleteOrphan: %v, %v; want %v", i+1, deleted, err, want)
			}
		}
	})

	t.Run("UnregisterIsIdempotent", func(t *testing.T) {
		in, peer := newInstance(t, "leave"), newInstance(t, "leave")
		register(t, b, in)
		register(t, b, peer)
		for range 2 {
			if err := b.Unregister(t.Context(), in.ID); err != nil {
				t.Fatalf("Unregister: %v", err)
			}
		}
		if find(t, other, in.Group, in.ID) != nil || find(t, other, in.Group, peer.ID) == nil {
			t.Error("want no record of the one that was unregistered, and that of its peer")
		}
	})

	t.Run("InstancesAreListedInOrder", func(t *testing.T) {
		var want []string
		var last time.Time
		for range 5 {
			in := newInstance(t, "listed")
			want = append(want, in.ID.String())
			last = register(t, b, in)
		}
		list, at, err := other.Instances(t.Context(), "listed")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, in := range list {
			got = append(got, in.ID.String())
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("the UUIDs are %v, want them in their order, %v", got, want)
		}
		if at.Before(last) {
			t.Errorf("the registry's time is %v, want none before the last registration, %v", at, last)
		}
	})

	t.Run("InfoNamesTheBackend", func(t *testing.T) {
		in := newInstance(t, "info")
		at := register(t, b, in)
		info, err := other.Info(t.Context())
		if err != nil || info.Backend == "" || info.Version == "" || info.Topology == "" || info.Schema != registry.Schema || info.At.Before(at) {
			t.Errorf("Info: %+v, %v; want every field, and a time that is not before %v", info, err, at)
		}
	})
}
