package registrytest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/registry"
)

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
			t.Fatal("no record")
		}
		if !together(got.StartedAt, at) {
			t.Errorf("it started at %v, and was registered at %v", got.StartedAt, at)
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

	t.Run("RegisterTwiceIsErrRegistered", func(t *testing.T) {
		in := newInstance(t, "twice")
		register(t, b, in)
		beat(t, b, in.ID, in.Status)
		again := in
		again.Host = "elsewhere"
		_, err := other.Register(t.Context(), again)
		wantError(t, "Register", err, registry.ErrRegistered)
		if got := find(t, b, in.Group, in.ID); got == nil || got.Host != in.Host || got.Beat != 1 {
			t.Errorf("the record became %+v", got)
		}
	})

	t.Run("RegisterRefusesNonsense", func(t *testing.T) {
		for _, in := range []registry.Instance{{Group: "nonsense"}, {ID: newID(t)}, {ID: newID(t), Group: "a b"}} {
			_, err := b.Register(t.Context(), in)
			wantError(t, fmt.Sprintf("Register(%v, %q)", in.ID, in.Group), err, registry.ErrCorrupt)
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
				t.Fatalf("after beat %d at %v: %+v", n, at, got)
			}
			if at.Before(last) {
				t.Errorf("beat %d at %v, the one before at %v", n, at, last)
			}
			last = at
		}
		got := find(t, b, in.Group, in.ID)
		if got.Host != in.Host || got.Priority != in.Priority || got.StartedAt.After(got.Heartbeat) {
			t.Errorf("a beat changed more than it should: %+v", got)
		}
	})

	t.Run("BeatOfAStrangerIsErrNotRegisteredAndCreatesNothing", func(t *testing.T) {
		id := newID(t)
		_, err := b.Beat(t.Context(), id, registry.Status{Role: registry.Passive})
		wantError(t, "Beat", err, registry.ErrNotRegistered)
		if deleted, err := b.DeleteOrphan(t.Context(), id, 1); deleted || err != nil {
			t.Errorf("DeleteOrphan: %v, %v; want that there is none", deleted, err)
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
			wantError(t, "Beat", err, registry.ErrNotRegistered)
		}
		if got := find(t, b, in.Group, in.ID); got != nil {
			t.Errorf("the beat made %+v", got)
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
			t.Errorf("the record became %+v", got)
		}
		beat(t, b, in.ID, in.Status)
	})

	t.Run("DeleteOrphanTwiceIsFalse", func(t *testing.T) {
		in := newInstance(t, "orphan")
		register(t, b, in)
		for i, want := range []bool{true, false} {
			if deleted, err := other.DeleteOrphan(t.Context(), in.ID, 0); deleted != want || err != nil {
				t.Errorf("DeleteOrphan number %d: %v, %v; want %v", i+1, deleted, err, want)
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
			t.Error("want that one gone and the peer there")
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
			t.Errorf("got %v, want %v", got, want)
		}
		if at.Before(last) {
			t.Errorf("the registry's time is %v, before a registration at %v", at, last)
		}
	})

	t.Run("InfoNamesTheBackend", func(t *testing.T) {
		in := newInstance(t, "info")
		at := register(t, b, in)
		info, err := other.Info(t.Context())
		if err != nil || info.Backend == "" || info.Version == "" || info.Topology == "" || info.Schema != registry.Schema || info.At.Before(at) {
			t.Errorf("Info: %+v, %v; want all of it, and a time from %v", info, err, at)
		}
	})
}
