package page

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
	"github.com/understudy-go/understudy/web"
)

// book is a registry with jobs, of which the test is the holder.
type book struct {
	t *testing.T
	*sqlite.Registry
	store.Holder
}

// newBook begins five terms, the last of which stays open.
func newBook(t *testing.T) *book {
	t.Helper()
	ctx := context.Background()
	reg, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "registry.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close(ctx) })
	for n := int64(1); n <= 5; n++ {
		if n > 1 {
			err = reg.EndTerm(ctx, "orders", n-1, ids[0], registry.End{Reason: registry.Stopped})
		}
		if err == nil {
			err = reg.BeginTerm(ctx, registry.Term{Group: "orders", Number: n, Holder: ids[0], Host: "ams-1", Schema: registry.Schema})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return &book{t: t, Registry: reg, Holder: store.Holder{Group: "orders", Term: 5, Instance: ids[0]}}
}

// job stores a job.
func (b *book) job(j store.Job) {
	b.t.Helper()
	b.saveJobs(j)
}

func (b *book) saveJobs(jobs ...store.Job) {
	b.t.Helper()
	for i := range jobs {
		jobs[i].Group, jobs[i].Revision, jobs[i].Hash, jobs[i].Digest = "orders", 1, "c0ffee", "d16e57"
	}
	if err := b.Jobs().SaveJobs(b.t.Context(), b.Holder, jobs); err != nil {
		b.t.Fatal(err)
	}
}

// run returns a run that was recorded before now by so long, and is being processed.
func (b *book) run(job, id string, before time.Duration) store.Run {
	at := time.Now().Add(-before).Truncate(time.Millisecond)
	if id == "" {
		id = store.SlotID(at)
	}
	return store.Run{
		Key: store.Key{Group: "orders", Job: job, Run: id}, Trigger: store.BySchedule, Slot: at, At: at, Due: at,
		State: store.Processing, Open: true, Term: 5, Instance: ids[0], Attempt: 1, Nonce: uuid.New(),
		Attempts: []store.Attempt{{Number: 1, Instance: ids[0], Host: "ams-1", Term: termAt(at), From: at}},
	}
}

// termAt returns in which of the terms of today an instant was.
func termAt(at time.Time) int64 {
	switch ago := time.Since(at); {
	case ago < time.Hour:
		return 5
	case ago < 2*time.Hour:
		return 4
	}
	return 3
}

// over ends a run after its attempt has taken so long.
func over(r store.Run, state store.State, end store.AttemptEnd, took time.Duration, code int) store.Run {
	a := &r.Attempts[len(r.Attempts)-1]
	a.To, a.End, a.ExitCode = a.From.Add(took), end, code
	r.State, r.Open, r.EndedAt = state, false, a.To
	return r
}

// skipped returns a run that was never started.
func skipped(r store.Run, why string) store.Run {
	r.State, r.Open, r.EndedAt, r.Attempt, r.Attempts, r.Remark = store.Skipped, false, r.At, 0, nil, why
	return r
}

func (b *book) claim(runs ...store.Run) {
	b.t.Helper()
	there, err := b.Jobs().Claim(b.t.Context(), b.Holder, runs)
	if err != nil {
		b.t.Fatal(err)
	}
	for i, r := range there {
		if r != nil {
			b.t.Fatalf("%s was there", runs[i].Key)
		}
	}
}

// update changes a run that is being processed, as its holder does.
func (b *book) update(k store.Key, change func(*store.Run)) {
	b.t.Helper()
	r, err := b.Jobs().Run(b.t.Context(), k)
	if err != nil {
		b.t.Fatal(err)
	}
	was := r.Version()
	change(&r)
	if _, err := b.Jobs().Update(b.t.Context(), b.Holder, was, r); err != nil {
		b.t.Fatal(err)
	}
}

// today is the group of [orders], as it is now.
func today() status.Group {
	g := orders()
	shift := time.Since(g.At)
	g.At = g.At.Add(shift)
	for i := range g.Instances {
		g.Instances[i].Since = g.Instances[i].Since.Add(shift)
	}
	for i := range g.Terms {
		t := &g.Terms[i]
		t.From = t.From.Add(shift)
		if !t.To.IsZero() {
			t.To = t.To.Add(shift)
		}
	}
	return g
}

// serve serves the page of this registry.
func (b *book) serve(prepare ...func(*web.Config)) *server {
	b.t.Helper()
	prepare = append([]func(*web.Config){func(c *web.Config) {
		c.Jobs = func() store.Asking { return b.Jobs() }
		c.Snapshot = func(context.Context) (status.Group, error) { return today(), nil }
	}}, prepare...)
	return newServer(b.t, orders(), prepare...)
}

// example fills a registry with jobs of all kinds. It returns the key of the run that goes
// on, and of one that failed.
func (b *book) example() (running, failed store.Key) {
	now := time.Now()
	b.saveJobs(
		store.Job{Name: "backup", Description: "Copies the database to the other site", Schedule: "30 2 * * *", Zone: "Europe/Berlin", Next: now.Add(9 * time.Hour)},
		store.Job{Name: "clean-up", Description: "Removes sessions that nobody used for a month", Schedule: "@every 10m", Zone: "UTC", Next: now.Add(4 * time.Minute)},
		store.Job{Name: "invoices", Schedule: "0 * * * *", Zone: "UTC", Next: now.Add(25 * time.Minute)},
		store.Job{Name: "migrate", Description: "By hand, before a release"},
		store.Job{Name: "old-report", Schedule: "0 6 * * 1", Zone: "UTC", Gone: true},
		store.Job{Name: "publish", Schedule: "*/15 * * * *", Zone: "UTC", Next: now.Add(12 * time.Minute)},
	)
	var runs []store.Run
	for i := range 24 {
		took := time.Duration(20+(i*37)%60) * time.Second
		r := over(b.run("clean-up", "", time.Duration(i)*10*time.Minute+6*time.Minute), store.Completed, store.AttemptCompleted, took, 0)
		switch i {
		case 3:
			r = over(b.run("clean-up", "", time.Duration(i)*10*time.Minute+6*time.Minute), store.TimedOut, store.AttemptTimedOut, 5*time.Minute, 0)
		case 7:
			r = skipped(r, "the run before was still being processed")
		case 8:
			r = over(b.run("clean-up", "", time.Duration(i)*10*time.Minute+6*time.Minute), store.Exited, store.AttemptExited, 4*time.Minute, 0)
		case 11:
			r = over(b.run("clean-up", "", time.Duration(i)*10*time.Minute+6*time.Minute), store.Cancelled, store.AttemptCancelled, 3*time.Minute, 0)
		}
		runs = append(runs, r)
	}
	for i := range 6 {
		r := b.run("invoices", "", time.Duration(i)*time.Hour+35*time.Minute)
		if i < 2 {
			r = over(r, store.Failed, store.AttemptFailed, 6*time.Minute, 3)
			r.Failures, r.Remark = 1, "exit code 3 is final"
			r.Output = store.Output{Head: []byte("reading orders\nno connection to billing\n"), Bytes: 39}
			if i == 0 {
				failed = r.Key
			}
		} else {
			r = over(r, store.Completed, store.AttemptCompleted, time.Duration(9-i)*time.Minute, 0)
		}
		runs = append(runs, r)
	}
	backup := b.run("backup", "", 70*time.Minute)
	backup.Attempts = []store.Attempt{
		{Number: 1, Instance: ids[2], Host: "lon-3", Term: 4, From: backup.At, To: backup.At.Add(10 * time.Minute), End: store.AttemptExited},
		{Number: 2, Instance: ids[0], Host: "ams-1", Term: 5, From: backup.At.Add(11 * time.Minute)},
	}
	backup.Attempt, backup.Interruptions = 2, 1
	running = backup.Key
	runs = append(runs, backup, over(b.run("old-report", "", 20*time.Hour), store.Completed, store.AttemptCompleted, time.Minute, 0))
	b.claim(runs...)
	ctx := b.t.Context()
	if _, err := b.Jobs().SetProgress(ctx, b.Holder, running, 2, store.Progress{Percent: 42, Text: "copying table orders", At: now}); err != nil {
		b.t.Fatal(err)
	}
	if err := b.Jobs().AppendChunk(ctx, b.Holder, running, 2, 0, 0, []byte("begin\ncopying\n")); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.Jobs().Pause(ctx, "orders", "publish", "anna@ops-1", "the partner's site is down until noon"); err != nil {
		b.t.Fatal(err)
	}
	for i := range 2 {
		r := store.Run{Key: store.Key{Group: "orders", Job: "migrate", Run: fmt.Sprint("k:release-", i)}, Trigger: store.ByPerson, By: "anna@ops-1"}
		if _, _, err := b.Jobs().Submit(ctx, r, []byte("secret payload"), 100); err != nil {
			b.t.Fatal(err)
		}
	}
	return running, failed
}

// open opens a view of the page.
func (p *tab) open(hash string) {
	p.t.Helper()
	eval[bool](p, "location.hash = "+quote(hash)+", true")
}

// awaitShown waits until something is visible.
func (p *tab) awaitShown(selector string) {
	p.t.Helper()
	part.Until(p.t, selector+" to be shown", func() bool { return len(p.shown(selector)) > 0 })
}
