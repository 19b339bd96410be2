package registrytest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// contention: of several calls that exclude each other, one succeeds.
func contention(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	shared := store.Open(t)
	handles := map[string][]registry.Backend{"OneHandle": nil, "ManyHandles": nil}
	for range suite.Rivals {
		handles["OneHandle"] = append(handles["OneHandle"], shared)
		handles["ManyHandles"] = append(handles["ManyHandles"], store.Open(t))
	}

	for name, hs := range handles {
		t.Run("OneTermHasOneWinner/"+name, func(t *testing.T) {
			for n := int64(1); n <= 10; n++ {
				ids := make([]uuid.UUID, suite.Rivals)
				for i := range ids {
					ids[i] = newID(t)
				}
				errs := suite.Race(func(i int) error {
					return hs[i].BeginTerm(t.Context(), registry.Term{Group: name, Number: n, Holder: ids[i]})
				})
				winner := -1
				for i, err := range errs {
					switch {
					case err == nil && winner >= 0:
						t.Fatalf("BeginTerm of term %d succeeded for rivals %d and %d, want one", n, winner, i)
					case err == nil:
						winner = i
					case !errors.Is(err, registry.ErrTermTaken):
						t.Errorf("BeginTerm of term %d, rival %d: %v, want ErrTermTaken", n, i, err)
					}
				}
				if winner < 0 {
					t.Fatalf("BeginTerm of term %d succeeded for nobody, want one", n)
				}
				for i, h := range hs {
					if got := latest(t, h, name); got.Number != n || got.Holder != ids[winner] {
						t.Fatalf("term %d: rival %d reads %+v, want the holder %v", n, i, got, ids[winner])
					}
				}
			}
		})

		t.Run("OneUUIDIsRegisteredOnce/"+name, func(t *testing.T) {
			in := newInstance(t, name+"Once")
			won := 0
			for i, err := range suite.Race(func(i int) error { _, err := hs[i].Register(t.Context(), in); return err }) {
				if err == nil {
					won++
				} else if !errors.Is(err, registry.ErrRegistered) {
					t.Errorf("Register, rival %d: %v, want ErrRegistered", i, err)
				}
			}
			if won != 1 {
				t.Errorf("Register of one UUID succeeded %d times, want once", won)
			}
		})

		t.Run("NoBeatIsLost/"+name, func(t *testing.T) {
			in := newInstance(t, name+"Beats")
			register(t, shared, in)
			const each = 5
			errs := suite.Race(func(i int) error {
				for range each {
					if _, err := hs[i].Beat(t.Context(), in.ID, in.Status); err != nil {
						return err
					}
				}
				return nil
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			if got := find(t, shared, in.Group, in.ID); got == nil || got.Beat != suite.Rivals*each {
				t.Errorf("the record is %+v, want beat %d: every one that was acknowledged", got, suite.Rivals*each)
			}
		})

		t.Run("OneOrphanIsDeletedOnce/"+name, func(t *testing.T) {
			in := newInstance(t, name+"Orphan")
			register(t, shared, in)
			deleted := make([]bool, suite.Rivals)
			errs := suite.Race(func(i int) (err error) {
				deleted[i], err = hs[i].DeleteOrphan(t.Context(), in.ID, 0)
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			won := 0
			for _, d := range deleted {
				if d {
					won++
				}
			}
			if won != 1 {
				t.Errorf("DeleteOrphan of one record succeeded %d times, want once", won)
			}
		})

		t.Run("ABeatOrADeletionButNotBoth/"+name, func(t *testing.T) {
			for round := range 5 {
				in := newInstance(t, name+"Either")
				register(t, shared, in)
				var mu sync.Mutex
				beaten, deleted := 0, 0
				errs := suite.Race(func(i int) error {
					if i%2 == 0 {
						_, err := hs[i].Beat(t.Context(), in.ID, in.Status)
						if errors.Is(err, registry.ErrNotRegistered) {
							return nil
						}
						mu.Lock()
						defer mu.Unlock()
						beaten++
						return err
					}
					ok, err := hs[i].DeleteOrphan(t.Context(), in.ID, 0)
					mu.Lock()
					defer mu.Unlock()
					if ok {
						deleted++
					}
					return err
				})
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				got := find(t, shared, in.Group, in.ID)
				switch {
				case deleted == 1 && beaten == 0 && got == nil:
				case deleted == 0 && beaten == suite.Rivals/2 && got != nil && got.Beat == suite.Rivals/2:
				default:
					t.Errorf("round %d: %d beats and %d deletions were acknowledged, and the record is %+v; want one deletion and no record, or all beats and no deletion", round, beaten, deleted, got)
				}
			}
		})

		t.Run("TheFirstReasonStays/"+name, func(t *testing.T) {
			term := begin(t, shared, name+"Reason", 1, newID(t))
			errs := suite.Race(func(i int) error {
				e := registry.End{Reason: registry.WorkDone, ExitCode: i + 1}
				if err := hs[i].EndTerm(t.Context(), term.Group, 1, term.Holder, e); err != nil {
					return err
				}
				first, err := hs[i].View(t.Context(), term.Group)
				if err != nil {
					return err
				}
				again, err := hs[(i+1)%suite.Rivals].View(t.Context(), term.Group)
				if err != nil {
					return err
				}
				if first.Latest.Open() || first.Latest.End != again.Latest.End {
					return fmt.Errorf("the end of the term was %+v and then %+v, want the first one to stay", first.Latest.End, again.Latest.End)
				}
				return nil
			})
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
		})
	}
}
