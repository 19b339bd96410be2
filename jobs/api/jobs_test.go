package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

func TestJobs_AreListedWithWhatIsKnownOfTheirRuns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var states []store.State
	for _, state := range []store.State{store.Completed, store.Failed, store.Failed} {
		k := f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))
		f.end(f.start(k), state, store.Output{})
		states = append(states, state)
	}
	current := f.start(f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs")))
	waiting := f.run(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/publish/runs?at=2999-01-01T00:00:00Z")
	f.want(http.StatusOK, http.MethodPost, "/jobs/publish/pause?why=%3Cdeploy%3E")
	now := time.Now().Add(time.Hour) // the registry's clock need not be that of this machine
	f.h.now = func() time.Time { return now }

	a := f.want(http.StatusOK, http.MethodGet, "/jobs")
	if strings.Contains(a.body, "<b>") {
		t.Errorf("text from the registry is not escaped: %s", a.body)
	}
	list := decoded[view.Jobs](t, a)
	if list.Group != group || len(list.Jobs) != 3 || list.Unread != "" {
		t.Fatalf("%s", a.body)
	}
	old, publish, report := list.Jobs[0], list.Jobs[1], list.Jobs[2]
	if old.Name != "old" || !old.Gone || old.Last != nil || old.Current != nil || old.Streak != 0 {
		t.Errorf("old is %+v", old)
	}
	if publish.Paused == nil || publish.Paused.Why != "<deploy>" || publish.Paused.By != "HTTP from 127.0.0.1" || publish.Paused.At.IsZero() || publish.Waiting != 0 {
		t.Errorf("publish is %+v, paused %+v", publish, publish.Paused)
	}
	if report.Schedule != "0 * * * *" || report.Zone != "Europe/Berlin" || report.Description != "<b>hourly</b>" || report.Next.IsZero() || report.Waiting != 1 ||
		!report.Oldest.Equal(waiting.Due) {
		t.Errorf("report is %+v", report)
	}
	if report.Current == nil || report.Current.ID != current.Key.String() || report.Last == nil || report.Last.Status != states[2] || report.Streak != 2 {
		t.Errorf("report is %+v", report)
	}
}

func TestJobs_ArePausedAndResumed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 2 { // the second request changes nothing
		j := decoded[view.Job](t, f.want(http.StatusOK, http.MethodPost, "/jobs/report/pause?why="+strings.Repeat("x", 300)))
		if j.Paused == nil || len(j.Paused.Why) > store.MaxRemark || j.Paused.By != "HTTP from 127.0.0.1" || !j.Resumed.IsZero() {
			t.Errorf("after pause it is %+v", j)
		}
	}
	for range 2 {
		if j := decoded[view.Job](t, f.want(http.StatusOK, http.MethodPost, "/jobs/report/resume")); j.Paused != nil || j.Resumed.IsZero() {
			t.Errorf("after resume it is %+v", j)
		}
	}
	jobs, err := f.store.Jobs(t.Context(), group)
	if err != nil || jobs[2].Paused != nil {
		t.Errorf("%+v, %v", jobs, err)
	}
	for _, words := range []string{`job report: paused`, `job report: resumed`, `"by":"HTTP from 127.0.0.1"`} {
		if !strings.Contains(f.log.String(), words) {
			t.Errorf("the log has no %q:\n%s", words, f.log)
		}
	}
}

func TestJobs_ThatDoNotExistAreAnsweredWithThoseThatDo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, request := range []string{"POST /jobs/repot/runs", "GET /jobs/repot/runs", "POST /jobs/repot/pause", "POST /jobs/repot/resume", "GET /runs/repot/1",
		"GET /runs/repot/1/output", "GET /runs/repot/1/output?follow=1", "POST /runs/repot/1/cancel", "POST /runs/repot/1/retry"} {
		method, path, _ := strings.Cut(request, " ")
		a := f.wantProblem(http.StatusNotFound, "no-such-job", "There is no job repot in the group orders.", method, path)
		if got := decoded[problem](t, a).Jobs; !slices.Equal(got, []string{"publish", "report"}) {
			t.Errorf("%s: the jobs are %q", request, got)
		}
	}
	// Nobody would start a run of a job that is in no file any more. What is known of it is shown.
	f.wantProblem(http.StatusNotFound, "no-such-job", "The job old is not in the jobs file of the last active instance any more.", http.MethodPost, "/jobs/old/runs")
	f.want(http.StatusOK, http.MethodGet, "/jobs/old/runs")
	f.wantProblem(http.StatusNotFound, "no-such-run", "The job old has no run 1.", http.MethodGet, "/runs/old/1")
	f.want(http.StatusOK, http.MethodPost, "/jobs/old/pause")

	f.h.config.Group = "empty"
	f.h.names = names{}
	f.wantProblem(http.StatusNotFound, "no-such-job", "no active instance of the group empty has had a jobs file yet", http.MethodPost, "/jobs/report/runs")
	if a := f.want(http.StatusOK, http.MethodGet, "/jobs"); a.body != `{"group":"empty","jobs":[]}`+"\n" {
		t.Errorf("no jobs: %s", a.body)
	}
}

// countJobs counts how often the jobs are read.
type countJobs struct {
	store.Asking
	n int
}

func (c *countJobs) Jobs(ctx context.Context, group string) ([]store.Job, error) {
	c.n++
	return c.Asking.Jobs(ctx, group)
}

func TestJobs_AreNotReadForEachTrigger(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	now, count := time.Now(), &countJobs{Asking: f.store}
	f.h.now = func() time.Time { return now }
	f.asking = func() store.Asking { return count }
	for range 5 {
		f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs")
	}
	if count.n != 1 {
		t.Errorf("read %d times for five triggers, want once", count.n)
	}
	if err := f.store.SaveJobs(t.Context(), f.holder, []store.Job{{Name: "report", Group: group, Revision: 2, Gone: true}, {Name: "new", Group: group, Revision: 1}}); err != nil {
		t.Fatal(err)
	}
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/new/runs") // a new job is there at once
	f.want(http.StatusNotFound, http.MethodPost, "/jobs/report/runs")
	now = now.Add(namesFor)
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/new/runs")
	if count.n != 4 {
		t.Errorf("read %d times, want four", count.n)
	}
}
