package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// each calls f with each operation of the document, on a path that is right.
func each(f func(method, path string)) {
	for _, op := range description.operations() {
		f(op[0], strings.NewReplacer("{job}", "report", "{run}", "k:1").Replace(op[1]))
	}
}

func TestAccess_NothingIsAnsweredWithoutTheToken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.asking = func() store.Asking { t.Error("the store was asked"); return nil }
	set := func(values ...string) with { return func(r *http.Request) { r.Header["Authorization"] = values } }
	each(func(method, path string) {
		for name, change := range map[string]with{
			"none": set(), "empty": set(""), "another scheme": set("Basic " + token), "no scheme": set(token), "no token": set("Bearer "),
			"wrong": set("Bearer " + token + "x"), "a part": set("Bearer " + token[:10]), "twice": set("Bearer "+token, "Bearer "+token),
		} {
			a := f.wantProblem(http.StatusUnauthorized, "unauthorized", "", method, path, change)
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s: WWW-Authenticate is %q", name, a.header.Get("WWW-Authenticate"))
			}
			if strings.Contains(a.body, "report") || strings.Contains(a.body, token) {
				t.Errorf("%s: %s", name, a.body)
			}
		}
	})
	f.want(http.StatusUnauthorized, http.MethodGet, "/nothing", set())
	f.want(http.StatusUnauthorized, http.MethodDelete, "/jobs", set())
}

func TestAccess_TheSchemeIsReadInAnyCase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(http.StatusOK, http.MethodGet, "/jobs", header("Authorization", "bearer  "+token+" "))
}

func TestAccess_OffWithoutATokenFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.h.config.Tokens = nil
	each(func(method, path string) {
		f.wantProblem(http.StatusNotFound, "off", "UNDERSTUDY_API_TOKEN_FILE", method, path)
	})
}

func TestAccess_NoPageOfAnotherSiteChangesAnything(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	each(func(method, path string) {
		if method != http.MethodPost {
			return
		}
		for _, change := range []with{header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site"), header("Origin", "https://evil.example"), header("Origin", "null")} {
			f.wantProblem(http.StatusForbidden, "cross-site", "", method, path, change)
		}
	})
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs", header("Sec-Fetch-Site", "same-origin"))
	f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs", header("Origin", f.server.URL))
	// A browser asks first whether it may send the header with the token, and gets no leave.
	if a := f.do(http.MethodOptions, "/jobs", header("Origin", "https://evil.example"), func(r *http.Request) { r.Header.Del("Authorization") }); a.code != http.StatusUnauthorized || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: %d %v", a.code, a.header)
	}
}

func TestAccess_WhoGuessesTokensIsRefusedForAWhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	now := time.Now()
	f.h.now = func() time.Time { return now }
	guess := func(i int) with { return header("Authorization", fmt.Sprintf("Bearer guess number %d", i)) }
	for range 3 * maxGuesses { // an old token, again and again, is no guess
		f.want(http.StatusUnauthorized, http.MethodGet, "/jobs", guess(0))
	}
	for i := range maxGuesses {
		f.want(http.StatusUnauthorized, http.MethodGet, "/jobs", guess(i))
	}
	each(func(method, path string) {
		a := f.wantProblem(http.StatusTooManyRequests, "guessing", "", method, path)
		if wait := a.header.Get("Retry-After"); wait != "61" {
			t.Errorf("Retry-After is %q", wait)
		}
	})
	if n := strings.Count(f.log.String(), "somebody tries tokens"); n != 1 {
		t.Errorf("%d warnings, want one\n%s", n, f.log)
	}
	now = now.Add(guessWindow)
	f.want(http.StatusOK, http.MethodGet, "/jobs")
	f.want(http.StatusUnauthorized, http.MethodGet, "/jobs", guess(0))
}

func TestGuesses_AreBounded(t *testing.T) {
	t.Parallel()
	var g guesses
	now := time.Now()
	for i := range maxGuesses {
		g.note("the one who guesses", [32]byte{byte(i)}, now)
	}
	for i := range 3 * maxGuessers {
		g.note(fmt.Sprint(i), [32]byte{}, now)
	}
	if len(g.by) > maxGuessers || g.wait("the one who guesses", now) == 0 {
		t.Errorf("%d are remembered; the one who guesses waits %v", len(g.by), g.wait("the one who guesses", now))
	}
	g.note("later", [32]byte{}, now.Add(guessWindow))
	if len(g.by) != 1 {
		t.Errorf("%d are remembered after their time, want one", len(g.by))
	}
}

func TestNetwork_IsOneClient(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:80": "192.0.2.7", "[::ffff:192.0.2.7]:80": "192.0.2.7", "[2001:db8::1]:80": "2001:db8::/64", "[2001:db8::2%eth0]:80": "2001:db8::/64",
		"[::1]:80": "::1", "@": "@", "": "",
	} {
		if got := network(remote); got != want {
			t.Errorf("network(%q) = %q, want %q", remote, got, want)
		}
	}
}

func TestBounds_ALongURLIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	each(func(method, path string) {
		f.wantProblem(http.StatusRequestURITooLong, "too-long", "", method, path+"?why="+strings.Repeat("x", maxQuery))
	})
	f.want(http.StatusRequestURITooLong, http.MethodGet, "/runs/report/"+strings.Repeat("x", maxPath))
}

func TestPaths_OnlyTheMethodsOfTheDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for path, want := range map[string]string{
		"/jobs": "GET, HEAD", "/jobs/report/runs": "GET, HEAD, POST", "/jobs/report/pause": "POST", "/runs/report/1/cancel": "POST", "/runs/report/1/output": "GET, HEAD",
	} {
		a := f.wantProblem(http.StatusMethodNotAllowed, "method", "Use ", http.MethodDelete, path)
		if want == "POST" {
			a = f.wantProblem(http.StatusMethodNotAllowed, "method", "Use POST.", http.MethodGet, path)
		}
		if got := a.header.Get("Allow"); got != want {
			t.Errorf("%s: Allow is %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{"/", "/jobs/", "/jobs/report", "/jobs/report/", "/runs", "/runs/report", "/runs/report/1/", "/runs/report/1/log", "/runs/report/a/b/cancel"} {
		f.wantProblem(http.StatusNotFound, "no-such-path", "/runs/{job}/{run}", http.MethodGet, path)
	}
	if a := f.want(http.StatusOK, http.MethodHead, "/jobs"); a.body != "" {
		t.Errorf("HEAD /jobs: %q", a.body)
	}
}

func TestStore_WhatItCannotAnswerIsAClearProblem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, tt := range []struct {
		err    error
		code   int
		kind   string
		detail string
	}{
		{errDriver, http.StatusServiceUnavailable, "unavailable", "cannot be reached"},
		{fmt.Errorf("read: %w", registry.ErrRefused), http.StatusServiceUnavailable, "unavailable", "refuses"},
		{fmt.Errorf("read: %w", registry.ErrCorrupt), http.StatusInternalServerError, "unreadable", "damaged"},
		{fmt.Errorf("read: %w", registry.ErrSchema), http.StatusInternalServerError, "unreadable", "newer version"},
	} {
		f.asking = func() store.Asking { return broken{tt.err} }
		each(func(method, path string) {
			lists := strings.HasSuffix(path, "/runs") || path == "/jobs"
			if method == http.MethodGet && lists && tt.code == http.StatusInternalServerError {
				a := f.want(http.StatusOK, method, path) // what can be understood is shown
				if !strings.Contains(a.body, `"unread":"read: `) {
					t.Errorf("%s: %s does not say what is left out", path, a.body)
				}
				return
			}
			a := f.wantProblem(tt.code, tt.kind, tt.detail, method, path)
			if strings.Contains(a.body, "db-7") {
				t.Errorf("%s shows what the driver says: %s", path, a.body)
			}
		})
	}
	if !strings.Contains(f.log.String(), "db-7.internal") {
		t.Errorf("the log does not say what the driver says:\n%s", f.log)
	}
	f.asking = func() store.Asking { return nil }
	each(func(method, path string) {
		a := f.wantProblem(http.StatusServiceUnavailable, "unavailable", "not connected", method, path)
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("%s: no Retry-After", path)
		}
	})
}

func TestBounds_RequestsWaitForOthersAndThenGiveUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range maxRequests {
		f.h.requests <- struct{}{}
	}
	f.h.limit = time.Millisecond
	f.wantProblem(http.StatusServiceUnavailable, "unavailable", "Too many requests", http.MethodGet, "/jobs")
	<-f.h.requests
	f.h.limit = time.Hour
	f.want(http.StatusOK, http.MethodGet, "/jobs")
}
