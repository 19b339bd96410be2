package web

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// shelf is a store with one job, which has one run, and others without.
type shelf struct {
	store.Asking
	err  error
	many int // more jobs
}

var at = time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC)

func (s shelf) run() store.Run {
	return store.Run{
		Key: store.Key{Group: "orders", Job: "report", Run: "then:a/b c"}, At: at, Due: at, State: store.Completed, EndedAt: at, Schema: 1,
		Result: []byte("SECRET"), Output: store.Output{Head: []byte("SECRET"), Bytes: 6},
		Attempts: []store.Attempt{{Number: 1, Term: 7, From: time.Now().Add(-time.Minute)}},
	}
}

func (s shelf) Jobs(context.Context, string) ([]store.Job, error) {
	jobs := []store.Job{{Group: "orders", Name: "report"}}
	for i := range s.many {
		jobs = append(jobs, store.Job{Group: "orders", Name: fmt.Sprintf("report-%d", i), Description: strings.Repeat("x", 100)})
	}
	return jobs, s.err
}

func (s shelf) Queue(context.Context, string, time.Time) (map[string]store.Queue, error) {
	return nil, s.err
}

func (s shelf) Runs(context.Context, string, store.Filter) ([]store.Run, error) {
	return []store.Run{s.run()}, s.err
}

func (s shelf) Run(_ context.Context, k store.Key) (store.Run, error) {
	if s.err == nil && k != s.run().Key {
		return store.Run{}, store.ErrNoRun
	}
	return s.run(), s.err
}

// withJobs has a server show jobs; nil: the registry has not been reached yet.
func withJobs(jobs store.Asking) func(*Config) {
	return func(c *Config) { c.Jobs = func() store.Asking { return jobs } }
}

func TestJobs_AreShownWithoutWhatTheySay(t *testing.T) {
	t.Parallel()
	s := newConfigured(t, withJobs(shelf{}))
	for path, want := range map[string]string{
		"/page/jobs":                            `"job":"report"`,
		"/page/jobs?job=report":                 `"run":"then:a/b c"`,
		"/page/jobs?filter=REP&page=0":          `"matching":1`,
		"/page/timeline?filter=REP":             `"term":7`,
		"/page/jobs/count":                      `{"jobs":1}`,
		"/page/run?job=report&run=then:a/b%20c": `"output":{"bytes":6}`,
	} {
		rec := s.get(http.MethodGet, path)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" || !json.Valid(rec.Body.Bytes()) || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d, %s; want %s in it", path, rec.Code, rec.Body, want)
		}
		if strings.Contains(rec.Body.String(), "SECRET") {
			t.Errorf("%s: %s", path, rec.Body)
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			if rec := s.get(method, path); rec.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, rec.Code)
			}
		}
	}
}

func TestJobs_ProblemIsASentence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		jobs store.Asking
		path string
		code int
		want string
	}{
		{nil, "/page/jobs", 503, "The registry cannot be reached, or does not answer as it should."},
		{shelf{err: errors.New("mongodb://user:secret@h")}, "/page/jobs", 503, "The registry cannot be reached, or does not answer as it should."},
		{shelf{err: fmt.Errorf("%w: <b>", registry.ErrRefused)}, "/page/jobs/count", 503, "The registry answers, but refuses to be read."},
		{shelf{err: fmt.Errorf("%w: <b>", registry.ErrSchema)}, "/page/run?job=report&run=x", 503, "This record cannot be understood. A newer version of Understudy wrote it, or it is damaged."},
		{shelf{}, "/page/run?job=report&run=x", 404, "There is no such run. It may have been deleted, as old ones are."},
		{shelf{}, "/page/jobs?job=other", 404, "There is no such job."},
		{shelf{}, "/page/jobs?page=x", 400, `page "x": want a number`},
		{shelf{}, "/page/timeline?page=-1", 400, "page -1: want a number from 0 to 200"},
		{shelf{}, "/page/jobs?filter=" + strings.Repeat("x", 101), 400, "filter: want 100 bytes at most"},
		{shelf{}, "/page/run?job=report", 400, `run "" of job report: want 1 to 512 bytes of printable ASCII`},
		{shelf{}, "/page/run?job=..&run=x", 400, `job "..": want a name of 1 to 100 characters of a-z, 0-9, '.', '_' and '-' that begins with a letter or a digit`},
	} {
		rec := newConfigured(t, withJobs(tt.jobs)).get(http.MethodGet, tt.path)
		var got struct{ Problem string }
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != tt.code || got.Problem != tt.want {
			t.Errorf("%s: %d, %s; want %d, %s", tt.path, rec.Code, rec.Body, tt.code, tt.want)
		}
	}
}

func TestJobs_TooManyQuestionsAreRefused(t *testing.T) {
	t.Parallel()
	s := newConfigured(t, withJobs(shelf{}))
	codes := map[int]int{}
	for i := range 200 {
		rec := s.get(http.MethodGet, fmt.Sprint("/page/run?job=report&run=", i))
		codes[rec.Code]++
		if rec.Code == http.StatusServiceUnavailable && rec.Header().Get("Retry-After") == "" {
			t.Fatal("no Retry-After")
		}
	}
	if codes[http.StatusServiceUnavailable] == 0 || codes[http.StatusNotFound] == 0 || len(codes) != 2 {
		t.Errorf("answers %v, want some refused", codes)
	}
}

func TestJobs_WithoutThemThePageHasNone(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	if rec := s.get(http.MethodGet, "/page/jobs/count"); rec.Code != http.StatusOK || rec.Body.String() != `{"jobs":0}` {
		t.Errorf("%d: %s", rec.Code, rec.Body)
	}
	for _, path := range []string{"/page/jobs", "/page/run", "/jobs", "/jobs/report/runs", "/runs/report/x"} {
		if rec := s.get(http.MethodGet, path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestJobs_LargeAnswerIsCompressedForThoseWhoTakeIt(t *testing.T) {
	t.Parallel()
	s := newConfigured(t, withJobs(shelf{many: 50}))
	plain := s.get(http.MethodGet, "/page/jobs")
	req := httptest.NewRequest(http.MethodGet, "http://localhost/page/jobs", nil)
	req.Header.Set("Accept-Encoding", "br, gzip")
	rec := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(rec, req)
	r, err := gzip.NewReader(rec.Body)
	if err != nil || rec.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != plain.Body.String() {
		t.Errorf("%v: %s, want %s", err, text, plain.Body)
	}
}

func TestAPI_HasItsPaths(t *testing.T) {
	t.Parallel()
	s := newConfigured(t, func(c *Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Method+" "+r.URL.EscapedPath())
		})
	})
	for _, want := range []string{"GET /jobs", "POST /jobs/report/runs", "GET /runs/report/then:a%2Fb/output", "DELETE /runs/a/b"} {
		method, path, _ := strings.Cut(want, " ")
		rec := s.get(method, path)
		if rec.Body.String() != want || rec.Header().Get("Content-Security-Policy") != theDocument().policy {
			t.Errorf("%d, %q, want %q", rec.Code, rec.Body, want)
		}
	}
	for _, path := range []string{"/", "/healthz", "/status"} {
		if rec := s.get(http.MethodPost, path); rec.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, rec.Code)
		}
	}
}

func TestPage_OffersWhatNeedsATokenOnlyIfThereIsOne(t *testing.T) {
	t.Parallel()
	api := http.NotFoundHandler()
	for name, tt := range map[string]struct {
		change func(*Config)
		want   bool
	}{
		"no API":            {func(*Config) {}, false},
		"API without token": {func(c *Config) { c.API = api }, false},
		"token without API": {func(c *Config) { c.HasToken = true }, false},
		"API with token":    {func(c *Config) { c.API, c.HasToken = api, true }, true},
	} {
		text := newConfigured(t, tt.change).get(http.MethodGet, "/").Body.String()
		if got := strings.Contains(text, "<body data-token>"); got != tt.want || strings.Contains(text, "<body>") == tt.want {
			t.Errorf("%s: offered %v, want %v", name, got, tt.want)
		}
	}
}

// A client that follows an output has no other end than that of the server.
func TestShutdown_EndsRequestsThatFollowAnOutput(t *testing.T) {
	t.Parallel()
	follows, ended := make(chan struct{}), make(chan struct{})
	s := newConfigured(t, func(c *Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			close(follows)
			<-r.Context().Done()
			close(ended)
		})
	})
	answer, err := http.Get(s.base + "/runs/a/b/output?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	<-follows
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-ended
}

// What somebody asks for is not given up half-way.
func TestShutdown_WaitsForRequestsThatChangeSomething(t *testing.T) {
	t.Parallel()
	arrived, goOn := make(chan struct{}), make(chan struct{})
	s := newConfigured(t, func(c *Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-goOn
			if r.Context().Err() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
	})
	code := make(chan int, 1)
	go func() {
		answer, err := http.Post(s.base+"/jobs/a/pause", "", nil)
		if err != nil {
			code <- 0
			return
		}
		answer.Body.Close()
		code <- answer.StatusCode
	}()
	<-arrived
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(t.Context()) }()
	<-s.ctx.Done()
	close(goOn)
	if got := <-code; got != http.StatusOK {
		t.Errorf("answer %d", got)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}
