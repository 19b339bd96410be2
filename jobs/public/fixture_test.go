package public

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// asking is a store that answers from memory, and counts what it is asked.
type asking struct {
	store.Asking
	mu    sync.Mutex
	jobs  []store.Job
	runs  []store.Run // the last made first
	err   error
	asked map[string]int
	block chan struct{} // if it is not nil, calls wait until it is closed or their context ends
}

func (a *asking) note(ctx context.Context, call string) error {
	a.mu.Lock()
	if a.asked == nil {
		a.asked = map[string]int{}
	}
	a.asked[call]++
	block, err := a.block, a.err
	a.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

func (a *asking) count(call string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[call]
}

func (a *asking) Jobs(ctx context.Context, _ string) ([]store.Job, error) {
	return a.jobs, a.note(ctx, "jobs")
}

func (a *asking) Queue(ctx context.Context, _ string, _ time.Time) (map[string]store.Queue, error) {
	queue := map[string]store.Queue{}
	for _, r := range a.runs {
		if r.State == store.Waiting {
			queue[r.Job] = store.Queue{Waiting: queue[r.Job].Waiting + 1, Oldest: r.Due}
		}
	}
	return queue, a.note(ctx, "queue")
}

func (a *asking) Run(ctx context.Context, k store.Key) (store.Run, error) {
	if err := a.note(ctx, "run"); err != nil {
		return store.Run{}, err
	}
	for _, r := range a.runs {
		if r.Key == k {
			return r, nil
		}
	}
	return store.Run{}, store.ErrNoRun
}

func (a *asking) Runs(ctx context.Context, _ string, f store.Filter) ([]store.Run, error) {
	call := "runs"
	if f.Job != "" {
		call = "runs of a job"
	}
	var list []store.Run
	for _, r := range a.runs {
		if (f.Job == "" || r.Job == f.Job) && !r.At.Before(f.Since) && len(list) < f.Limit {
			list = append(list, r)
		}
	}
	return list, a.note(ctx, call)
}

var errAway = errors.New("away")

var noon = time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC)

// fixture is a reader of a store that a test makes up, with a clock that stands still.
type fixture struct {
	*Reader
	t     *testing.T
	s     asking
	clock time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: noon}
	f.Reader = New(t.Context(), "orders", func() store.Asking { return &f.s })
	f.Reader.now = func() time.Time { return f.clock }
	return f
}

func (f *fixture) job(name string) {
	f.s.jobs = append(f.s.jobs, store.Job{Group: "orders", Name: name, Term: 1, Revision: 1, Schema: 1})
}

// run adds a run that was made before noon by so long, and has taken a minute.
func (f *fixture) run(job, id string, before time.Duration) *store.Run {
	at := noon.Add(-before)
	f.s.runs = append(f.s.runs, store.Run{
		Key: store.Key{Group: "orders", Job: job, Run: id}, At: at, Due: at, State: store.Completed, EndedAt: at.Add(time.Minute), Term: 3, Attempt: 1, Schema: 1,
		Attempts: []store.Attempt{{Number: 1, Term: 2, From: at, To: at.Add(time.Minute), End: store.AttemptCompleted}},
	})
	return &f.s.runs[len(f.s.runs)-1]
}

func (f *fixture) list(q Question) Jobs {
	f.t.Helper()
	text, err := f.Jobs(f.t.Context(), q)
	return decode[Jobs](f.t, text, err)
}

func decode[T any](t *testing.T, a Answer, err error) (v T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	in := json.NewDecoder(bytes.NewReader(a.JSON))
	in.DisallowUnknownFields()
	if err := in.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, a.JSON)
	}
	return v
}
