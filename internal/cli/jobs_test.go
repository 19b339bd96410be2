package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

// someJobs has a holder with a job of each kind.
func someJobs(t *testing.T, s testRegistry) *holder {
	t.Helper()
	soon := time.Now().Add(time.Hour + 30*time.Second)
	h := s.hold(t,
		store.Job{Name: "fresh", Schedule: "0 0 1 1 *", Zone: "UTC", Next: time.Now().Add(300*24*time.Hour + 12*time.Hour)},
		store.Job{Name: "late", Schedule: "@hourly", Next: time.Now().Add(-2 * time.Hour)},
		store.Job{Name: "manual"},
		store.Job{Name: "nightly", Schedule: "30 2 * * *", Zone: "Europe/Berlin", Next: soon},
		store.Job{Name: "old", Schedule: "0 * * * *", Zone: "UTC", Gone: true},
		store.Job{Name: "report", Schedule: "0 * * * *", Zone: "UTC", Description: "hourly report", Next: soon},
	)
	for i, state := range []store.State{store.Completed, store.Completed, store.Failed, store.Failed, store.Failed} {
		end, code := store.AttemptCompleted, 0
		if state == store.Failed {
			end, code = store.AttemptFailed, 3
		}
		h.ended(t, h.key("report", store.SlotID(time.Unix(int64(i), 0))), state, end, code, time.Duration(10-i)*time.Hour)
	}
	for i := range view.RecentRuns + 5 {
		h.ended(t, h.key("nightly", store.SlotID(time.Unix(int64(i), 0))), store.Completed, store.AttemptCompleted, 0, time.Duration(200-i)*time.Hour)
	}
	for _, run := range []string{"k:1", "k:2", "k:3"} {
		if _, _, err := h.store.Submit(t.Context(), store.Run{Key: h.key("manual", run), Trigger: store.ByPerson, By: "kai@db1"}, nil, 10); err != nil {
			t.Fatal(err)
		}
	}
	h.start(t, h.key("manual", "k:1"))
	if _, err := h.store.Pause(t.Context(), h.Group, "nightly", "kai@db1", "too slow"); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestJobs_ShowsWhenTheyAreDueAndHowTheyEnded(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		someJobs(t, s)
		stdout, _ := want(t, exitcode.OK, []string{"jobs"},
			"nightly is paused by kai@db1 since ", "ago): too slow\n")
		lines := strings.Split(stdout, "\n")
		for i, words := range []string{
			"JOB SCHEDULE NEXT (UTC) NOW LAST RUN STREAK",
			"fresh 0 0 1 1 * UTC , in 300d – – –",
			"late @hourly , 2h00m late – – –",
			"manual – – running , 2 waiting – –",
			"nightly 30 2 * * * Europe/Berlin – paused completed 7d08h ago 20+",
			"old 0 * * * * UTC – gone – –",
			"report 0 * * * * UTC , in 1h00m – failed 6h00m ago 3",
		} {
			rest := lines[i]
			for _, word := range strings.Fields(words) {
				_, after, ok := strings.Cut(rest, word)
				if !ok {
					t.Errorf("want %q in %q", words, lines[i])
					break
				}
				rest = after
			}
		}

		stdout, _ = want(t, exitcode.OK, []string{"jobs", "--json"})
		var v view.Jobs
		if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.Group != "default" || len(v.Jobs) != 6 {
			t.Fatalf("%v in %s", err, stdout)
		}
		if j := v.Jobs[2]; j.Name != "manual" || !j.Next.IsZero() || j.Current == nil || j.Waiting != 2 || j.Oldest.IsZero() || j.Last != nil || j.Streak != 0 {
			t.Errorf("%+v", j)
		}
		if j := v.Jobs[3]; j.Paused == nil || j.Paused.By != "kai@db1" || j.Paused.Why != "too slow" || j.Streak != view.RecentRuns {
			t.Errorf("%+v", j)
		}
		if j := v.Jobs[5]; j.Last.Status != "failed" || j.Last.ID != "report/1970-01-01T00:00:04Z" || j.Streak != 3 || j.Next.IsZero() {
			t.Errorf("%+v", j)
		}
		if !v.Jobs[4].Gone {
			t.Errorf("%+v", v.Jobs[4])
		}
	})
}

// A job with a long queue has its last outcome all the same.
func TestJobs_LastRunStandsBehindAQueue(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		h := s.hold(t, store.Job{Name: "report"})
		h.ended(t, h.key("report", "1"), store.TimedOut, store.AttemptTimedOut, 137, time.Hour)
		for range view.RecentRuns + 10 {
			if _, _, err := h.store.Submit(t.Context(), store.Run{Key: h.key("report", store.NewID()), Trigger: store.ByPerson}, nil, 100); err != nil {
				t.Fatal(err)
			}
		}
		want(t, exitcode.OK, []string{"jobs"}, "30 waiting", "timed out 1h00m ago")
		if path, ok := strings.CutPrefix(s.uri, "sqlite:"); ok { // more of them than one read returns
			s.manyWaiting(t, path, store.MaxPage+100)
			want(t, exitcode.OK, []string{"jobs"}, "timed out 1h00m ago")
		}
	})
}

func TestJobs_OfAGroupWithoutJobs(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		s.join(t, "default", "a") // an instance of the version before has made no tables of jobs
		for _, args := range [][]string{{"jobs"}, {"runs"}} {
			stdout, stderr := want(t, exitcode.OK, args, "group default has no jobs", "the registry is ")
			if stdout != "" || !strings.Contains(stderr, "no jobs") {
				t.Errorf("%q: stdout %q, stderr %q", args, stdout, stderr)
			}
		}
		want(t, exitcode.OK, []string{"jobs", "--json"}, `"jobs": []`)
		want(t, exitcode.OK, []string{"runs", "--json"}, `"runs": []`)
		for _, args := range []string{"runs report", "runs show report/1", "runs cancel report/1", "runs retry report/1", "jobs pause report", "jobs resume report", "trigger report"} {
			want(t, exitcode.Failure, strings.Fields(args), `no job is called "report": group default has no jobs`)
		}
	})
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+t.TempDir()+"/none.db")
	want(t, exitcode.OK, []string{"jobs"}, "there is no such file yet")
	want(t, exitcode.OK, []string{"runs"}, "there is no such file yet")
	want(t, exitcode.Failure, []string{"runs", "show", "a/b"}, "there is no such file yet")
	want(t, exitcode.Failure, []string{"trigger", "a"}, "there is no instance to ask: ", "there is no such file yet")
	want(t, exitcode.Failure, []string{"jobs", "pause", "a"}, "there is no instance to ask: ")
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=mongodb://127.0.0.1:1/ops?directConnection=true", "UNDERSTUDY_CONNECT_TIMEOUT=1s")
	for _, args := range []string{"jobs", "runs", "runs show a/b", "trigger a", "jobs pause a", "runs retry a/b"} {
		want(t, exitcode.Unavailable, strings.Fields(args), "no answer within 1s")
	}
}

func TestJobs_PauseAndResume(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri, "UNDERSTUDY_HOST=laptop")
		h := s.hold(t, store.Job{Name: "report"}, store.Job{Name: "publish"}, store.Job{Name: "old", Gone: true})
		want(t, exitcode.OK, []string{"jobs", "pause", "report", "--why", "too slow"}, "report is paused by ", "@laptop since ", ": too slow\n")
		stdout, _ := want(t, exitcode.OK, []string{"jobs", "pause", "report", "--why", "another reason"}, ": too slow\n")
		if strings.Contains(stdout, "another") {
			t.Error(stdout)
		}
		want(t, exitcode.OK, []string{"jobs", "pause", "report", "--json"}, `"job": "report"`, `"why": "too slow"`)
		if j := h.job(t, "report"); j.Paused == nil || !strings.HasSuffix(j.Paused.By, "@laptop") {
			t.Errorf("%+v", j)
		}
		want(t, exitcode.OK, []string{"jobs", "resume", "report"}, "report is not paused\n")
		if j := h.job(t, "report"); j.Paused != nil {
			t.Errorf("%+v", j)
		}
		want(t, exitcode.OK, []string{"jobs", "resume", "old"}, "the file of the active instance has no job old any more")
		want(t, exitcode.Failure, []string{"jobs", "pause", "repotr"}, `no job is called "repotr": did you mean report? There are publish, report`)
		want(t, exitcode.Failure, []string{"jobs", "resume", "nothing-like-it"}, `no job is called "nothing-like-it": there are publish, report`)
	})
}

func (h *holder) job(t *testing.T, name string) store.Job {
	t.Helper()
	list, err := h.store.Jobs(t.Context(), h.Group)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range list {
		if j.Name == name {
			return j
		}
	}
	t.Fatalf("there is no job %s", name)
	return store.Job{}
}

func TestShowJobs_FitsTheTerminal(t *testing.T) {
	at := time.Date(2027, 3, 14, 12, 0, 0, 0, time.UTC)
	list := []view.Job{
		{Name: strings.Repeat("j", 60), Schedule: "30 2 * * *", Zone: "America/Argentina/ComodRivadavia", Next: at.Add(400 * 24 * time.Hour),
			Waiting: 345, Streak: 20, Last: &view.Run{Status: store.TimedOut, EndedAt: at.Add(-time.Hour)}},
		{Name: "nightly", Schedule: "@every 10m, 0 3 * * *", Next: at.Add(time.Minute), Paused: &view.Request{By: "kai@db1", Why: strings.Repeat("word ", 40), At: at.Add(-time.Hour)}},
	}
	for _, columns := range []int{200, 120, 100, 80, 60} {
		for _, l := range showJobs(list, at, columns) {
			if l.Width() > columns {
				t.Errorf("%d columns of %d: %s", l.Width(), columns, l.Paint(false))
			}
		}
	}
	text := ""
	for _, l := range showJobs(list, at, 0) {
		text += l.Paint(false) + "\n"
	}
	if !strings.Contains(text, "America/Argentina/ComodRivadavia") || !strings.Contains(text, "2028-04-17 12:00:00, in 400d00h") {
		t.Error(text)
	}
}
