package lastwill_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

// onEach runs a test on both backends.
func onEach(t *testing.T, test func(t *testing.T, b store.Backend)) {
	t.Run("sqlite", func(t *testing.T) {
		b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "registry.db"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close(context.Background()) })
		test(t, b)
	})
	t.Run("mongodb", func(t *testing.T) {
		b, err := mongotest.OpenRegistry(t.Context(), mongotest.Shared(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close(context.Background()) })
		test(t, b)
	})
}

func register(t *testing.T, b store.Backend) uuid.UUID {
	t.Helper()
	in := registry.Instance{ID: uuid.Must(uuid.NewV7()), Group: "g", Host: "h", Schema: registry.Schema,
		Interval: time.Second, OrphanAfter: time.Minute, Status: registry.Status{Role: registry.Passive}}
	if _, err := b.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return in.ID
}

func begin(t *testing.T, b store.Backend, number int64, holder uuid.UUID) {
	t.Helper()
	if err := b.BeginTerm(t.Context(), registry.Term{Group: "g", Number: number, Holder: holder, Schema: registry.Schema}); err != nil {
		t.Fatal(err)
	}
}

// state returns how the terms ended, the latest one first, and how many instances there are.
func state(t *testing.T, b store.Backend) (ends []registry.End, instances int) {
	t.Helper()
	terms, err := b.Terms(t.Context(), "g", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, term := range terms {
		ends = append(ends, term.End)
	}
	list, _, err := b.Instances(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	return ends, len(list)
}

func TestEntry_EndsTheTermAndTheRegistration(t *testing.T) {
	onEach(t, func(t *testing.T, b store.Backend) {
		dead, peer := register(t, b), register(t, b)
		begin(t, b, 1, dead)
		e := lastwill.Entry{Group: "g", Instance: dead, Term: 1}
		for range 2 { // it may come twice
			if err := e.Execute(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			ends, instances := state(t, b)
			if len(ends) != 1 || ends[0] != (registry.End{Reason: registry.Crashed}) || instances != 1 {
				t.Errorf("ends %v, %d instances; want one that crashed, and one instance", ends, instances)
			}
		}
		begin(t, b, 2, peer)
		if err := e.Execute(t.Context(), b); err != nil { // or after the next term has begun
			t.Fatal(err)
		}
		if ends, instances := state(t, b); ends[0] != (registry.End{}) || instances != 1 {
			t.Errorf("ends %v, %d instances; want an open term, and its holder", ends, instances)
		}
	})
}

// The instance may have wanted a term that a peer got, or one that had been ended before,
// and it may be registered under another UUID by now.
func TestEntry_ChangesNothingOfOthers(t *testing.T) {
	onEach(t, func(t *testing.T, b store.Backend) {
		dead, peer, again := register(t, b), register(t, b), register(t, b)
		begin(t, b, 1, dead)
		if err := b.EndTerm(t.Context(), "g", 1, dead, registry.End{Reason: registry.HandedOver}); err != nil {
			t.Fatal(err)
		}
		begin(t, b, 2, peer)
		for _, term := range []int64{0, 1, 2, 3} {
			if err := (lastwill.Entry{Group: "g", Instance: dead, Term: term}).Execute(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			ends, instances := state(t, b)
			if len(ends) != 2 || ends[0] != (registry.End{}) || ends[1].Reason != registry.HandedOver || instances != 2 {
				t.Errorf("a last will for term %d: ends %v, %d instances", term, ends, instances)
			}
		}
		begin(t, b, 3, again) // though term 2 is open
		if err := (lastwill.Entry{Group: "g", Instance: dead, Term: 3}).Execute(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if ends, _ := state(t, b); ends[0] != (registry.End{}) {
			t.Errorf("the term of its later registration ended: %v", ends[0])
		}
	})
}

func TestWill_NamesTheLatest(t *testing.T) {
	kept := map[int]*lastwill.Entry{}
	var failure error
	lastwill.KeepWith(func(number int, e *lastwill.Entry) error { kept[number] = e; return failure })
	a, b := lastwill.Open("a", time.Minute), lastwill.Open("b", time.Hour)
	defer b.Close()
	id := uuid.New()
	name := func(w *lastwill.Will, instance uuid.UUID, term int64) {
		t.Helper()
		if err := w.Name(instance, term); err != failure {
			t.Errorf("%v, want %v", err, failure)
		}
	}
	name(a, uuid.New(), 0)
	name(a, id, 7)
	name(b, uuid.New(), 0)
	if len(kept) != 2 || *kept[0] != (lastwill.Entry{Group: "a", Instance: id, Term: 7, OrphanAfter: time.Minute}) || kept[1].Group != "b" {
		t.Errorf("kept: %+v", kept)
	}
	a.Close()
	c := lastwill.Open("c", time.Minute)
	defer c.Close()
	if kept[0] != nil || kept[1] == nil {
		t.Errorf("kept: %+v, want that of b alone", kept)
	}
	failure = errors.New("full")
	name(c, id, 1)
	if kept[0] == nil || kept[0].Group != "c" {
		t.Errorf("kept: %+v, want c in the place of a", kept)
	}
}
