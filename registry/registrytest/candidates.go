package registrytest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func candidates(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	// senior is nil where there is none.
	senior := func(t *testing.T, group string, since time.Time, except ...uuid.UUID) uuid.UUID {
		t.Helper()
		in, err := other.Candidate(t.Context(), group, since, except...)
		if err != nil {
			wantError(t, "Candidate", err, registry.ErrNoCandidate)
			return uuid.Nil
		}
		if err := in.Check(); err != nil || in.Group != group {
			t.Errorf("Candidate: %+v, %v", in, err)
		}
		return in.ID
	}
	join := func(t *testing.T, group string, priority int, candidate bool) (uuid.UUID, time.Time) {
		t.Helper()
		in := newInstance(t, group)
		in.Priority, in.Candidate = priority, candidate
		return in.ID, register(t, b, in)
	}

	t.Run("NobodyIsErrNoCandidate", func(t *testing.T) {
		if got := senior(t, "nobody", time.Time{}); got != uuid.Nil {
			t.Errorf("got %v", got)
		}
	})

	t.Run("HighestPriorityThenLowestUUID", func(t *testing.T) {
		const group = "order"
		var want []uuid.UUID // registered in the reverse order of seniority
		for _, priority := range []int{-10, -1, 0, 9, 10, 100} {
			first, _ := join(t, group, priority, true)
			second, _ := join(t, group, priority, true)
			want = append([]uuid.UUID{first, second}, want...)
			if priority == 0 {
				join(t, group, 1000, false)
			}
		}
		var got []uuid.UUID
		for range want {
			got = append(got, senior(t, group, time.Time{}, got...))
		}
		if !slices.Equal(got, want) {
			t.Errorf("the order is\n%v, want\n%v", got, want)
		}
		if rest := senior(t, group, time.Time{}, got...); rest != uuid.Nil {
			t.Errorf("without all of them: %v, want none", rest)
		}
	})

	t.Run("ABeatHoldsOffAndComesBack", func(t *testing.T) {
		const group = "hold"
		id, _ := join(t, group, 1, true)
		beat(t, b, id, registry.Status{Role: registry.Passive, Candidate: false})
		if got := senior(t, group, time.Time{}); got != uuid.Nil {
			t.Errorf("while it holds off: %v", got)
		}
		beat(t, b, id, registry.Status{Role: registry.Passive, Candidate: true})
		if got := senior(t, group, time.Time{}); got != id {
			t.Errorf("then: %v, want %v", got, id)
		}
	})

	t.Run("OnlyTheLive", func(t *testing.T) {
		const group = "live"
		id, at := join(t, group, 1, true)
		for _, tt := range []struct {
			since time.Duration
			want  uuid.UUID
		}{{-time.Hour, id}, {-time.Millisecond, id}, {0, id}, {time.Millisecond, uuid.Nil}, {time.Hour, uuid.Nil}} {
			if got := senior(t, group, at.Add(tt.since)); got != tt.want {
				t.Errorf("since its heartbeat and %v: %v, want %v", tt.since, got, tt.want)
			}
		}
	})

	t.Run("SilentAreThoseBefore", func(t *testing.T) {
		const group = "silent"
		id, at := join(t, group, 1, false)
		join(t, "silent2", 1, true)
		for _, tt := range []struct {
			before time.Duration
			want   []uuid.UUID
		}{{-time.Hour, nil}, {0, nil}, {time.Millisecond, []uuid.UUID{id}}, {time.Hour, []uuid.UUID{id}}} {
			list, err := other.Silent(t.Context(), group, at.Add(tt.before))
			if err != nil {
				t.Fatalf("Silent: %v", err)
			}
			var got []uuid.UUID
			for _, in := range list {
				got = append(got, in.ID)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("before its heartbeat and %v: %v, want %v", tt.before, got, tt.want)
			}
		}
		second, at := join(t, group, 1, true)
		list, err := other.Silent(t.Context(), group, at.Add(time.Second))
		if err != nil || len(list) != 2 {
			t.Errorf("Silent: %v, %v; want %v and %v", list, err, id, second)
		}
	})
}
