package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

func TestTrigger_MakesARunWithThePayloadAsItIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	payload := "\x00\xff{\"a\": 1}\n"
	a := f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs?priority=-7&at=2999-01-01T00:00:00%2B01:00", body(payload), header("Content-Type", "application/x-www-form-urlencoded"))
	r := f.run(a)
	if r.Status != store.Waiting || r.Priority != -7 || r.By != "HTTP from 127.0.0.1" || r.Trigger != store.ByPerson || !r.Due.Equal(time.Date(2998, 12, 31, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("the run is %s", a.body)
	}
	if want := "/runs/report/" + r.Run; a.header.Get("Location") != want {
		t.Errorf("Location is %q, want %q", a.header.Get("Location"), want)
	}
	got, err := f.store.Payload(t.Context(), f.key(a))
	if err != nil || string(got) != payload {
		t.Errorf("the payload is %q, %v; want %q", got, err, payload)
	}
	if shown := f.want(http.StatusOK, http.MethodGet, a.header.Get("Location")); shown.body != a.body {
		t.Errorf("the run at its Location is %s", shown.body)
	}
	if !strings.Contains(f.log.String(), "run report/"+r.Run+": triggered") {
		t.Errorf("the log does not say who triggered it:\n%s", f.log)
	}
}

func TestTrigger_AKeyMakesOneRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const rivals = 20
	answers := make([]answer, rivals)
	var wg sync.WaitGroup
	for i := range rivals {
		wg.Go(func() {
			answers[i] = f.do(http.MethodPost, "/jobs/report/runs", body("same"), header("Idempotency-Key", "order 7/"))
		})
	}
	wg.Wait()
	made := 0
	for _, a := range answers {
		switch a.code {
		case http.StatusAccepted:
			made++
		case http.StatusOK:
		default:
			t.Fatalf("%d %s", a.code, a.body)
		}
		if got, want := a.header.Get("Location"), "/runs/report/k:order%207%2F"; got != want {
			t.Errorf("Location is %q, want %q", got, want)
		}
	}
	if made != 1 {
		t.Errorf("%d requests made a run, want one", made)
	}
	again := f.want(http.StatusOK, http.MethodPost, "/jobs/report/runs?priority=3", body("same"), header("Idempotency-Key", `"order 7/"`))
	if f.run(again).Priority != 0 {
		t.Errorf("the run was changed: %s", again.body)
	}
	for _, payload := range []string{"", "another"} {
		a := f.wantProblem(http.StatusConflict, "conflict", "", http.MethodPost, "/jobs/report/runs", body(payload), header("Idempotency-Key", "order 7/"))
		if p := decoded[problem](t, a); p.Run != "/runs/report/k:order%207%2F" {
			t.Errorf("%s does not name the run that is there", a.body)
		}
	}
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/publish/runs", body("another"), header("Idempotency-Key", "order 7/"))
}

func TestTrigger_BadRequestsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const path = "/jobs/report/runs"
	for query, want := range map[string]string{
		"?at=tomorrow":                        `at "tomorrow": want an instant after 1970 with its offset`,
		"?at=2027-01-01T00:00:00":             "with its offset",
		"?at=1950-01-01T00:00:00Z":            "after 1970",
		"?at=":                                "want an instant",
		"?priority=high":                      `priority "high": want a whole number from -1000000 to 1000000`,
		"?priority=1000001":                   "want a whole number",
		"?priority=9999999999999999999999":    "want a whole number",
		"?prio=1":                             `parameter "prio": want one of at, priority`,
		"?priority=1&priority=2":              "parameter priority: want it once",
		"?%zz":                                "invalid URL escape",
		"?priority=1;at=2027-01-01T00:00:00Z": "semicolon",
	} {
		f.wantProblem(http.StatusBadRequest, "invalid", want, http.MethodPost, path+query)
	}
	for _, key := range []string{"", `""`, "ö", strings.Repeat("x", store.MaxKey+1)} {
		f.wantProblem(http.StatusBadRequest, "invalid", "header Idempotency-Key: key", http.MethodPost, path, header("Idempotency-Key", key))
	}
	f.wantProblem(http.StatusBadRequest, "invalid", "want it once", http.MethodPost, path, func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"a", "b"} })
	f.wantProblem(http.StatusBadRequest, "invalid", `job "Report": want a name of 1 to 100 characters`, http.MethodPost, "/jobs/Report/runs")
	f.wantProblem(http.StatusBadRequest, "invalid", "want a name", http.MethodPost, "/jobs/"+strings.Repeat("a", store.MaxJob+1)+"/runs")
	runs, err := f.store.Runs(t.Context(), group, store.Filter{Limit: 10})
	if err != nil || len(runs) > 0 {
		t.Errorf("%d runs, %v; want none", len(runs), err)
	}
	f.want(http.StatusAccepted, http.MethodPost, path+"?at=2027-01-01T00:00:00+01:00") // the + was not escaped
}

// Every route refuses parameters that it does not know, so that no typo goes unnoticed.
func TestQueries_UnknownParametersAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	each(func(method, path string) {
		f.wantProblem(http.StatusBadRequest, "invalid", `parameter "stauts": want `, method, path+"?stauts=failed")
	})
	f.wantProblem(http.StatusBadRequest, "invalid", `follow "yes": want 1 or 0`, http.MethodGet, "/runs/report/k:1/output?follow=yes")
}

func TestTrigger_APayloadHasALimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	largest := strings.Repeat("x", store.MaxPayload)
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs", body(largest))
	f.wantProblem(http.StatusRequestEntityTooLarge, "too-large", "1 MiB", http.MethodPost, "/jobs/report/runs", body(largest+"x"))
	unknown := func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(largest + "x")) } // in chunks
	f.wantProblem(http.StatusRequestEntityTooLarge, "too-large", "1 MiB", http.MethodPost, "/jobs/report/runs", unknown)
	runs, err := f.store.Runs(t.Context(), group, store.Filter{Limit: 10})
	if err != nil || len(runs) != 1 {
		t.Errorf("%d runs, %v; want the first one", len(runs), err)
	}
}

// raw sends a request as it is written, and returns the answer.
func (f *fixture) raw(t *testing.T, text string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", f.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{r.StatusCode, r.Header, string(b)}
	method, rest, _ := strings.Cut(text, " ")
	path, _, _ := strings.Cut(rest, " ")
	description.check(t, method, path, a)
	return a
}

func TestTrigger_APayloadThatDoesNotArriveIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.h.body = 50 * time.Millisecond
	head := "POST /jobs/report/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 10\r\n\r\nhalf"
	if a := f.raw(t, head); a.code != http.StatusRequestTimeout || !strings.Contains(a.body, "within 50ms") {
		t.Errorf("%d %s", a.code, a.body)
	}
	runs, err := f.store.Runs(t.Context(), group, store.Filter{Limit: 10})
	if err != nil || len(runs) != 0 {
		t.Errorf("%d runs, %v; want none", len(runs), err)
	}
}

func TestTrigger_TheQueueHasALimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs") // now it is known that there is this job
	f.asking = func() store.Asking { return broken{fmt.Errorf("submit: %w", store.ErrFull)} }
	a := f.wantProblem(http.StatusTooManyRequests, "full", "", http.MethodPost, "/jobs/report/runs")
	if a.header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
}

func TestRuns_AreListedInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var want []string
	for i := range 5 {
		a := f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs", header("Idempotency-Key", fmt.Sprintf("%d/&+", i)))
		want = append([]string{f.run(a).ID}, want...)
	}
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/publish/runs")
	var got []string
	before := ""
	for {
		page := decoded[view.Runs](t, f.want(http.StatusOK, http.MethodGet, "/jobs/report/runs?limit=2"+before))
		for _, r := range page.Runs {
			got = append(got, r.ID)
		}
		if page.Before == "" {
			break
		}
		before = "&before=" + url.QueryEscape(page.Before)
	}
	slices.Sort(want) // those of one millisecond are in the order of their names
	sorted := slices.Clone(got)
	slices.Sort(sorted)
	if !slices.Equal(sorted, want) {
		t.Errorf("the pages have %q, want each of %q once", got, want)
	}
}

func TestRuns_AreFilteredByStatusAndTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	failed := f.end(f.start(f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))), store.Failed, store.Output{})
	timedOut := f.end(f.start(f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))), store.TimedOut, store.Output{})
	waiting := f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))
	for query, want := range map[string][]string{
		"":                                       {failed.Key.String(), timedOut.Key.String(), waiting.String()},
		"?status=failed":                         {failed.Key.String()},
		"?status=timed-out":                      {timedOut.Key.String()},
		"?status=timed%20out,waiting":            {timedOut.Key.String(), waiting.String()},
		"?status=completed":                      nil,
		"?since=2999-01-01T00:00:00Z":            nil,
		"?since=2001-01-01T00:00:00Z&limit=1000": {failed.Key.String(), timedOut.Key.String(), waiting.String()},
	} {
		var got []string
		for _, r := range decoded[view.Runs](t, f.want(http.StatusOK, http.MethodGet, "/jobs/report/runs"+query)).Runs {
			got = append(got, r.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	other := f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/publish/runs"))
	for query, want := range map[string]string{
		"?status=lost": "want one of waiting, processing", "?status=": "want one of waiting", "?since=1h": `since "1h": want an instant`,
		"?limit=0": "want a whole number from 1 to 1000", "?limit=1001": "from 1 to 1000", "?before=7": `before "7": want the value of before`,
		"?before=2027-01-01T00:00:00Z/" + url.QueryEscape(other.String()): "want that of a page of job report",
	} {
		f.wantProblem(http.StatusBadRequest, "invalid", want, http.MethodGet, "/jobs/report/runs"+query)
	}
}

// IDs of runs have colons, slashes and what else a key may have. A path has them escaped.
func TestRuns_AreFoundByEveryID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []string{"2027-03-14T01:59:26Z", "then:report/2027-03-14T01:59:26Z", "k:a b?c#d%e&f+g;h\"<>\\", "k:../../jobs", "k://", "k:%2F", "k:..", "k:output"} {
		r, _, err := f.store.Submit(t.Context(), store.Run{Key: store.Key{Group: group, Job: "report", Run: id}, Trigger: store.ByRun}, nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		path := runPath(r.Key)
		if got := f.run(f.want(http.StatusOK, http.MethodGet, path)); got.Run != id || got.ID != "report/"+id {
			t.Errorf("%s is %+v, want the run %q", path, got, id)
		}
		f.want(http.StatusOK, http.MethodGet, path+"/output")
		if got := f.run(f.want(http.StatusOK, http.MethodPost, path+"/cancel")); got.Status != store.Cancelled {
			t.Errorf("%s is %s after it was cancelled", id, got.Status)
		}
	}
	f.wantProblem(http.StatusNotFound, "no-such-run", "The job report has no run k:none.", http.MethodGet, "/runs/report/k:none")
	f.wantProblem(http.StatusBadRequest, "invalid", "printable ASCII", http.MethodGet, "/runs/report/%00")
	f.wantProblem(http.StatusBadRequest, "invalid", "printable ASCII", http.MethodGet, "/runs/report/"+strings.Repeat("x", store.MaxRunID+1))
}

func TestRuns_AreCancelledAndRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k := f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))
	path := runPath(k)
	running := f.start(k)
	f.wantProblem(http.StatusConflict, "state", "The run is processing and cannot be retried", http.MethodPost, path+"/retry")
	r := f.run(f.want(http.StatusAccepted, http.MethodPost, path+"/cancel?why=wrong%20month"))
	if r.Status != store.Processing || r.Cancel == nil || r.Cancel.Why != "wrong month" || r.Cancel.By != "HTTP from 127.0.0.1" {
		t.Errorf("a run that is asked to end is %+v", r)
	}
	f.end(running, store.Cancelled, store.Output{})
	a := f.wantProblem(http.StatusConflict, "state", "The run is cancelled and cannot be cancelled, because it has ended.", http.MethodPost, path+"/cancel")
	if decoded[problem](t, a).Run != path {
		t.Errorf("%s does not name the run", a.body)
	}
	a = f.want(http.StatusAccepted, http.MethodPost, path+"/retry")
	if r := f.run(a); r.Status != store.Waiting || r.Cancel != nil || r.Remark != "retried by HTTP from 127.0.0.1" || a.header.Get("Location") != path {
		t.Errorf("a retried run is %s", a.body)
	}
	f.end(f.start(k), store.Completed, store.Output{})
	f.wantProblem(http.StatusConflict, "state", "The run is completed and cannot be retried: want one that failed, timed out, exited or was cancelled.", http.MethodPost, path+"/retry")
	other := runPath(f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs")))
	f.want(http.StatusOK, http.MethodPost, other+"/cancel")
	f.wantProblem(http.StatusConflict, "state", "The run is cancelled, but the active instance has not done yet", http.MethodPost, other+"/retry")
	for _, words := range []string{"run report/" + k.Run + ": cancellation asked for", "run report/" + k.Run + ": retry asked for"} {
		if !strings.Contains(f.log.String(), words) {
			t.Errorf("the log has no %q:\n%s", words, f.log)
		}
	}
	f.wantProblem(http.StatusNotFound, "no-such-run", "", http.MethodPost, "/runs/report/none/cancel")
	f.wantProblem(http.StatusNotFound, "no-such-run", "", http.MethodPost, "/runs/report/none/retry")
}

// Whatever the path and the query are, there is an answer that the document has.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{"/jobs", "/jobs/report/runs?status=failed&limit=5", "/runs/report/k:a%2Fb/output?follow=0", "/jobs/%00/runs", "/runs/a/%", "//jobs/../x", "/jobs?%zz",
		"/jobs/report/runs?before=2027-01-01T00:00:00Z/report/1", "/jobs/report/runs?since=2027-01-01T00:00:00+01:00"} {
		f.Add(seed, "")
		f.Add(seed, "a key")
	}
	fix := newFixture(f)
	f.Fuzz(func(t *testing.T, target, key string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || strings.Contains(u.RawQuery, "follow") {
			return
		}
		fix.t = t
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			rec := httptest.NewRecorder()
			r := &http.Request{Method: method, URL: u, Host: "x", RemoteAddr: "192.0.2.7:1", Body: http.NoBody, Header: http.Header{"Authorization": {"Bearer " + token}, "Idempotency-Key": {key}}}
			fix.h.ServeHTTP(rec, r.WithContext(t.Context()))
			a := answer{rec.Code, rec.Header(), rec.Body.String()}
			if a.code == http.StatusInternalServerError || a.code == http.StatusServiceUnavailable {
				t.Errorf("%s %s: %d %s", method, target, a.code, a.body)
			}
			if a.code/100 != 3 { // a path with empty parts is sent on
				description.check(t, method, u.EscapedPath(), a)
			}
		}
	})
}
