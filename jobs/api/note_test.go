package api

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestTrigger_SaysWhyNobodyWouldStartTheRun(t *testing.T) {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	id := uuid.MustParse("00000000-0000-7000-8000-00000000000a")
	active := func(term int64, since time.Duration, silent bool) status.Group {
		return status.Group{Name: group, At: at, Health: "the health", Term: term, Instances: []status.Instance{
			{ID: id, Host: "db2", Role: registry.Active, Term: term, Since: at.Add(-since), Silent: silent},
		}}
	}
	nobody := active(1, time.Hour, false)
	nobody.Instances[0].Role = registry.Passive
	const waits = "no instance is active in group orders, so the run waits: the health"
	for _, tt := range []struct {
		name string
		seen status.Group
		err  error
		want string
	}{
		{"active", active(1, time.Hour, false), nil, ""},
		{"nobody is active", nobody, nil, waits},
		{"no instance at all", status.Group{Name: group, At: at, Health: "the health"}, nil, waits},
		{"silent", active(1, time.Hour, true), nil, waits},
		{"silent in another term", active(2, time.Second, true), nil, waits},
		{"has not taken the jobs over", active(2, time.Minute, false), nil, status.Name("db2", id) + " is active, and has not taken the jobs of term 1 over: if it runs without --jobs, the run waits"},
		{"may take them over yet", active(2, time.Second, false), nil, ""},
		{"not known", nobody, errDriver, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.h.noted = testkit.Patience
			f.seen = func(context.Context) (status.Group, error) { return tt.seen, tt.err }
			for range 2 { // the second time, the job is known from the first
				if got := f.run(f.want(http.StatusAccepted, "POST", "/jobs/report/runs")).Note; got != tt.want {
					t.Errorf("note %q, want %q", got, tt.want)
				}
			}
		})
	}
}

func TestTrigger_NoteIsOfARunThatWaits(t *testing.T) {
	f := newFixture(t)
	f.h.noted = testkit.Patience
	f.seen = func(context.Context) (status.Group, error) { return status.Group{Name: group}, nil }
	a := f.want(http.StatusAccepted, "POST", "/jobs/report/runs", header("Idempotency-Key", "1"))
	if f.run(a).Note == "" {
		t.Error("no note while the run waits")
	}
	f.end(f.start(f.key(a)), store.Completed, store.Output{})
	if got := f.run(f.want(http.StatusOK, "POST", "/jobs/report/runs", header("Idempotency-Key", "1"))).Note; got != "" {
		t.Errorf("the note of a run that has ended is %q", got)
	}
}

func TestTrigger_DoesNotWaitForALookAtTheGroup(t *testing.T) {
	f := newFixture(t)
	looked := make(chan struct{}, 1)
	f.seen = func(ctx context.Context) (status.Group, error) {
		looked <- struct{}{}
		<-ctx.Done() // of the request, which has been answered then
		return status.Group{}, ctx.Err()
	}
	if got := f.run(f.want(http.StatusAccepted, "POST", "/jobs/report/runs")).Note; got != "" {
		t.Errorf("note %q", got)
	}
	<-looked
}
