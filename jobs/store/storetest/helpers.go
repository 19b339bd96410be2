package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// instant is when something happened in the tests, as precise as it is stored.
var instant = time.Date(2021, 3, 14, 1, 59, 26, 535e6, time.UTC)

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// AnyHolder returns a holder for reading a group, of the last term that there can be: no
// record has a later one.
func AnyHolder(group string) store.Holder {
	return store.Holder{Group: group, Term: registry.MaxTerm}
}

// holders returns what begins a term of a group of its own each time.
func holders(b Backend, name string) func(t testing.TB) store.Holder {
	groups := 0
	return func(t testing.TB) store.Holder {
		t.Helper()
		groups++
		return hold(t, b, numbered(name, groups))
	}
}

// hold begins the next term of a group, after the end of the latest one.
func hold(t testing.TB, b Backend, group string) store.Holder {
	t.Helper()
	v, err := b.View(t.Context(), group)
	if err != nil {
		t.Fatalf("View: %v", err)
	}
	h := store.Holder{Group: group, Term: v.Number() + 1, Instance: newID()}
	if v.Latest != nil && v.Latest.Open() {
		if err := b.EndTerm(t.Context(), group, v.Latest.Number, v.Latest.Holder, registry.End{Reason: registry.Stopped}); err != nil {
			t.Fatalf("EndTerm: %v", err)
		}
	}
	if err := b.BeginTerm(t.Context(), registry.Term{Group: group, Number: h.Term, Holder: h.Instance, Host: "host"}); err != nil {
		t.Fatalf("BeginTerm: %v", err)
	}
	return h
}

// processing returns a run as a holder claims it: its first attempt begins.
func processing(h store.Holder, job, run string) store.Run {
	return store.Run{
		Key: store.Key{Group: h.Group, Job: job, Run: run}, Trigger: store.BySchedule, Slot: instant, At: instant, Due: instant,
		State: store.Processing, Open: true, Term: h.Term, Instance: h.Instance, Attempt: 1, Nonce: newID(),
		Attempts: []store.Attempt{{Number: 1, Instance: h.Instance, Host: "host", Term: h.Term, From: instant}},
		Schema:   store.Schema,
	}
}

// ended returns a run as it is after its last attempt, with something in each field that a
// holder writes.
func ended(r store.Run, state store.State, at time.Time) store.Run {
	r.State, r.Open, r.EndedAt = state, false, at
	r.Attempts = slices.Clone(r.Attempts)
	for i := range r.Attempts {
		r.Attempts[i].To, r.Attempts[i].End, r.Attempts[i].ExitCode = at, store.AttemptFailed, 3
	}
	r.Failures, r.Interruptions, r.Result, r.Remark = 2, 1, []byte{0, 1, 0xff}, "it ended"
	r.Output = store.Output{Head: []byte("begin\x00\xff"), Tail: []byte("end"), Bytes: 1 << 40}
	return r
}

// waiting returns a run as people trigger it.
func waiting(group, job, run string) store.Run {
	return store.Run{Key: store.Key{Group: group, Job: job, Run: run}, Trigger: store.ByPerson, By: "somebody"}
}

// claimOne claims a run that has to be new, and returns it as it has to be read.
func claimOne(t testing.TB, b Backend, h store.Holder, r store.Run) store.Run {
	t.Helper()
	there, err := b.Jobs().Claim(t.Context(), h, []store.Run{r})
	if err != nil || len(there) != 1 || there[0] != nil {
		t.Fatalf("Claim of %s: %v, %v; want one nil, because there is none", r.Key, there, err)
	}
	return r
}

// submit submits a run that has to be new, and returns it as it is stored.
func submit(t testing.TB, b Backend, r store.Run, payload []byte) store.Run {
	t.Helper()
	stored, created, err := b.Jobs().Submit(t.Context(), r, payload, 1000)
	if err != nil || !created {
		t.Fatalf("Submit of %s: created %v, %v; want true", r.Key, created, err)
	}
	return stored
}

// updateRun updates a run, and returns it as it has to be read.
func updateRun(t testing.TB, b Backend, h store.Holder, was store.Version, r store.Run) store.Run {
	t.Helper()
	if there, err := b.Jobs().Update(t.Context(), h, was, r); err != nil || there != nil {
		t.Fatalf("Update of %s: %+v, %v; want nil and no error", r.Key, there, err)
	}
	r.Term, r.Instance = h.Term, h.Instance
	return r
}

// saveJob saves a job, and returns it as it has to be read.
func saveJob(t testing.TB, b Backend, h store.Holder, j store.Job) store.Job {
	t.Helper()
	if err := b.Jobs().SaveJobs(t.Context(), h, []store.Job{j}); err != nil {
		t.Fatalf("SaveJobs of %s: %v", j.Name, err)
	}
	j.Term, j.Schema = h.Term, store.Schema
	return j
}

// newJob returns a job with something in each field that a holder writes.
func newJob(h store.Holder, name string) store.Job {
	return store.Job{
		Group: h.Group, Name: name, Mark: instant, Hash: "c0ffee", Digest: "d16e57", Since: instant.Add(-time.Hour), Revision: 1,
		Schedule: "0 * * * *", Zone: "Europe/Berlin", Description: "hourly", Next: instant.Add(time.Hour), Gone: true,
	}
}

// wantRun checks how a run is read.
func wantRun(t testing.TB, b Backend, want store.Run) {
	t.Helper()
	got, err := b.Jobs().Run(t.Context(), want.Key)
	if err != nil {
		t.Fatalf("Run(%s): %v", want.Key, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the run %s (- want, + got):\n%s", want.Key, diff)
	}
}

// read returns a run as it is stored.
func read(t testing.TB, b Backend, k store.Key) store.Run {
	t.Helper()
	r, err := b.Jobs().Run(t.Context(), k)
	if err != nil {
		t.Fatalf("Run(%s): %v", k, err)
	}
	return r
}

// wantNoRun checks that there is no run of a key.
func wantNoRun(t testing.TB, b Backend, k store.Key) {
	t.Helper()
	_, err := b.Jobs().Run(t.Context(), k)
	suite.WantError(t, "Run of a run that should not be there", err, store.ErrNoRun)
}

// names returns the keys of runs, as people write them.
func names(runs []store.Run) (list []string) {
	for _, r := range runs {
		list = append(list, r.Key.String())
	}
	return list
}

// numbered returns a name with a number that sorts as the number does.
func numbered(name string, n int) string { return fmt.Sprintf("%s%04d", name, n) }
