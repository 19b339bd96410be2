package registrytest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// candidates: the hints about who may take over, who claims a term, and who is silent.
func candidates(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	// senior returns the UUID of the senior candidate; uuid.Nil if there is none.
	senior := func(t *testing.T, group string, at time.Time, within time.Duration, except ...uuid.UUID) uuid.UUID {
		t.Helper()
		in, err := other.Candidate(t.Context(), group, at, within, except...)
		if err != nil {
			suite.WantError(t, "Candidate", err, registry.ErrNoCandidate)
			return uuid.Nil
		}
		if err := in.Check(); err != nil || in.Group != group {
			t.Errorf("Candidate: %+v: %v; want a sound record of the group", in, err)
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
		if got := senior(t, "nobody", time.Now(), time.Hour); got != uuid.Nil {
			t.Errorf("Candidate of a group without instances: %v, want none", got)
		}
	})

	t.Run("HighestPriorityThenLowestUUID", func(t *testing.T) {
		const group = "order"
		var want []uuid.UUID // they are registered in the reverse order of seniority
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
			got = append(got, senior(t, group, time.Now(), time.Hour, got...))
		}
		if !slices.Equal(got, want) {
			t.Errorf("the order is\n%v, want that of priority and then of UUID\n%v", got, want)
		}
		if rest := senior(t, group, time.Now(), time.Hour, got...); rest != uuid.Nil {
			t.Errorf("Candidate with all of them excepted: %v, want none", rest)
		}
	})

	t.Run("ABeatHoldsOffAndComesBack", func(t *testing.T) {
		const group = "hold"
		id, _ := join(t, group, 1, true)
		beat(t, b, id, registry.Status{Role: registry.Passive, Candidate: false})
		if got := senior(t, group, time.Now(), time.Hour); got != uuid.Nil {
			t.Errorf("Candidate while it holds off: %v, want none", got)
		}
		beat(t, b, id, registry.Status{Role: registry.Passive, Candidate: true})
		if got := senior(t, group, time.Now(), time.Hour); got != id {
			t.Errorf("Candidate after it stopped holding off: %v, want %v", got, id)
		}
	})

	t.Run("OnlyTheLive", func(t *testing.T) {
		const group = "live"
		id, heartbeat := join(t, group, 1, true) // its interval is 250 ms
		for _, tt := range []struct{ after, within time.Duration }{
			{0, 0}, {-time.Second, time.Second}, {time.Second, time.Second}, {750 * time.Millisecond, 0}, {-750 * time.Millisecond, 0},
			{-time.Second, 0}, {time.Second, 0}, {time.Hour, time.Minute}, {-time.Hour, time.Minute}, {-time.Minute, time.Hour},
		} {
			want := uuid.Nil
			if max(tt.within, 750*time.Millisecond) >= tt.after.Abs() {
				want = id
			}
			if got := senior(t, group, heartbeat.Add(tt.after), tt.within); got != want {
				t.Errorf("%v after its heartbeat, within %v: %v, want %v", tt.after, tt.within, got, want)
			}
		}
	})

	t.Run("ClaimantIsOfTheHighestTerm", func(t *testing.T) {
		const group = "claims"
		claim := func(term int64) uuid.UUID {
			id, _ := join(t, group, 1, false)
			beat(t, b, id, registry.Status{Role: registry.Active, Term: term})
			return id
		}
		claim(0)
		three, seven := claim(3), claim(7)
		claim(5)
		join(t, "claims2", 1, true)
		for above, want := range map[int64]uuid.UUID{0: seven, 3: seven, 6: seven, 7: uuid.Nil, registry.MaxTerm: uuid.Nil} {
			in, err := other.Claimant(t.Context(), group, above)
			if want == uuid.Nil {
				suite.WantError(t, "Claimant", err, registry.ErrNoClaimant)
			} else if err != nil {
				t.Errorf("Claimant above %d: %v", above, err)
			}
			if in.ID != want {
				t.Errorf("Claimant above %d: %v, want %v", above, in.ID, want)
			}
		}
		beat(t, b, seven, registry.Status{Role: registry.Passive})
		beat(t, b, three, registry.Status{Role: registry.Active, Term: 8})
		if in, err := other.Claimant(t.Context(), group, 4); err != nil || in.ID != three || in.Term != 8 {
			t.Errorf("Claimant after other beats: %+v, %v; want %v", in, err, three)
		}
	})

	t.Run("SilentAreThoseFarFromTheTime", func(t *testing.T) {
		const group = "silent"
		id, heartbeat := join(t, group, 1, false)
		join(t, "silent2", 1, true)
		for _, tt := range []struct {
			after, within time.Duration
			want          []uuid.UUID
		}{
			{0, 0, nil}, {time.Second, time.Second, nil}, {-time.Second, time.Second, nil}, {time.Second, time.Hour, nil},
			{time.Millisecond, 0, []uuid.UUID{id}}, {-time.Millisecond, 0, []uuid.UUID{id}},
			{time.Hour, time.Minute, []uuid.UUID{id}}, {-time.Hour, time.Minute, []uuid.UUID{id}},
		} {
			list, err := other.Silent(t.Context(), group, heartbeat.Add(tt.after), tt.within)
			if err != nil {
				t.Fatalf("Silent: %v", err)
			}
			var got []uuid.UUID
			for _, in := range list {
				got = append(got, in.ID)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%v after its heartbeat, within %v: %v, want %v", tt.after, tt.within, got, tt.want)
			}
		}
		second, heartbeat := join(t, group, 1, true)
		list, err := other.Silent(t.Context(), group, heartbeat.Add(time.Hour), time.Second)
		if err != nil || len(list) != 2 || list[0].ID != id || list[1].ID != second {
			t.Errorf("Silent: %v, %v; want %v and %v", list, err, id, second)
		}
	})
}
