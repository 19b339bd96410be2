package scheduler_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
)

// keeper keeps what a last will has to know, as a ledger does.
type keeper struct {
	mu   sync.Mutex
	runs map[int]lastwill.Run
	err  error
}

func newKeeper() *keeper {
	k := &keeper{runs: map[int]lastwill.Run{}}
	lastwill.KeepRunsWith(func(number int, r *lastwill.Run) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.runs, number)
		if r != nil && k.err == nil {
			k.runs[number] = *r
		}
		return k.err
	})
	return k
}

// has reports whether a run is known.
func (k *keeper) has(run store.Key) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.runs {
		if strings.Contains(string(r.Rules), run.Run) {
			return true
		}
	}
	return false
}

// refusing is a store that refuses updates for a while.
type refusing struct {
	store.Store
	mu      sync.Mutex
	err     error
	refused int
}

func (s *refusing) Update(ctx context.Context, h store.Holder, was store.Version, r store.Run) (*store.Run, error) {
	s.mu.Lock()
	refuses := s.err != nil && r.State.Ended()
	if refuses {
		s.refused++
	}
	err := s.err
	s.mu.Unlock()
	if refuses {
		return nil, err
	}
	return s.Store.Update(ctx, h, was, r)
}

func (s *refusing) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

type withStore struct {
	store.Backend
	jobs store.Store
}

func (b withStore) Jobs() store.Store { return b.jobs }

func TestLead_LastWillKnowsOfARunUntilItsEndIsRecorded(t *testing.T) {
	keeper := newKeeper()
	reg := openSQLite(t)
	s := &refusing{Store: reg.Jobs()}
	started, goOn := make(chan bool), make(chan bool)
	lead(t, withStore{reg, s}, zerolog.Nop(), []scheduler.Job{{Definition: jobs.Definition{Name: "j"}, Execute: func(ctx context.Context, r store.Run) scheduler.Result {
		started <- lastwill.RunOf(ctx).Number() > 0 && keeper.has(r.Key)
		<-goOn
		return scheduler.Result{End: store.AttemptCompleted}
	}}})
	k := submit(t, s, "j", nil)
	if !<-started {
		t.Error("it does not know of the run when that starts")
	}
	s.refuse(errors.New("no answer"))
	goOn <- true
	testkit.Until(t, "the end of the run to be refused", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.refused >= 2
	})
	if !keeper.has(k) {
		t.Error("it does not know any more of a run whose end is not recorded")
	}
	s.refuse(nil)
	ended(t, s, k)
	testkit.Until(t, "the last will to know no more of the run", func() bool { return !keeper.has(k) })
}

func TestLead_RunsWhatALastWillHasNoRoomFor(t *testing.T) {
	keeper := newKeeper()
	keeper.err = errors.New("it is full")
	reg := openSQLite(t)
	var log testkit.LogBuffer
	lead(t, reg, zerolog.New(&log), []scheduler.Job{{Definition: jobs.Definition{Name: "j"}, Execute: func(ctx context.Context, r store.Run) scheduler.Result {
		return scheduler.Result{End: store.AttemptCompleted, Code: lastwill.RunOf(ctx).Number()}
	}}})
	r := ended(t, reg.Jobs(), submit(t, reg.Jobs(), "j", nil))
	if r.State != store.Completed || r.Attempts[0].ExitCode != 0 || !strings.Contains(log.String(), "it is full") {
		t.Errorf("the run: %+v; the log: %s", r, log.String())
	}
}
