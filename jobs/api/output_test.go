package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// started returns a run that is processed, and its path.
func (f *fixture) started() (store.Run, string) {
	f.t.Helper()
	k := f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))
	return f.start(k), runPath(k) + "/output"
}

func (f *fixture) chunk(r store.Run, n int, offset int64, text string) {
	f.t.Helper()
	if err := f.store.AppendChunk(f.t.Context(), f.holder, r.Key, r.Attempt, n, offset, []byte(text)); err != nil {
		f.t.Fatal(err)
	}
}

func TestOutput_IsPutTogetherFromWhatIsStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))
	a := f.want(http.StatusOK, http.MethodGet, runPath(waiting)+"/output")
	if a.body != "" || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("before the first attempt: %q %v", a.body, a.header)
	}

	r, path := f.started()
	wantText := func(want string) {
		t.Helper()
		if got := f.want(http.StatusOK, http.MethodGet, path).body; got != want {
			t.Errorf("the output is %q, want %q", got, want)
		}
	}
	wantText("")
	f.chunk(r, 0, 0, "<b>\x00\xff\n")
	f.chunk(r, 1, 6, "abc")
	wantText("<b>\x00\xff\nabc")
	f.chunk(r, 5, 20, "xyz\n") // those in between are not there
	wantText("<b>\x00\xff\nabc\n[understudy: 11 bytes of the output are not stored]\nxyz\n")
	f.end(r, store.Completed, store.Output{Head: []byte("<b>\x00\xff\nabcdef\n"), Tail: []byte("wxyz\nend"), Bytes: 27})
	wantText("<b>\x00\xff\nabcdef\n[understudy: 7 bytes of the output are not stored]\nxyz\nend")
	if a := f.want(http.StatusOK, http.MethodHead, path); a.body != "" {
		t.Errorf("HEAD: %q", a.body)
	}
}

// What stands in the record of a run may be what the attempt before wrote.
func TestOutput_OfAnInterruptedAttemptIsNotThatOfTheOneBefore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r, path := f.started()
	r = f.end(r, store.Waiting, store.Output{Head: []byte("first"), Bytes: 5})
	if got := f.want(http.StatusOK, http.MethodGet, path).body; got != "first" {
		t.Errorf("between attempts it is %q, want that of the first", got)
	}
	r = f.start(r.Key)
	f.chunk(r, 0, 0, "sec")
	if got := f.want(http.StatusOK, http.MethodGet, path).body; got != "sec" {
		t.Errorf("in the second attempt it is %q", got)
	}
	was := r.Version()
	r.State, r.Open, r.EndedAt = store.Exited, false, time.Now()
	r.Attempts[1].To, r.Attempts[1].End = time.Now(), store.AttemptExited
	f.update(was, r)
	if got := f.want(http.StatusOK, http.MethodGet, path).body; got != "sec" {
		t.Errorf("after the second attempt was interrupted it is %q", got)
	}
}

// follower is a client that follows an output.
type follower struct {
	t    testing.TB
	body io.ReadCloser
	stop context.CancelFunc
	got  []byte
}

// join has a client follow an output.
func (f *fixture) join(url, path string) (*follower, error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*testkit.Patience)
	f.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path+"?follow=1", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	f.t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/plain; charset=utf-8" || response.Header.Get("X-Accel-Buffering") != "no" {
		f.t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	description.check(f.t, http.MethodGet, path, answer{response.StatusCode, response.Header, ""})
	return &follower{t: f.t, body: response.Body, stop: cancel}, nil
}

func (f *fixture) follow(url, path string) *follower {
	f.t.Helper()
	c, err := f.join(url, path)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// read reads on until a text was received.
func (c *follower) read(want string) error {
	for part := make([]byte, 100); !strings.HasSuffix(string(c.got), want); {
		n, err := c.body.Read(part)
		c.got = append(c.got, part[:n]...)
		if err != nil {
			return fmt.Errorf("%w after %q, want %q", err, c.got, want)
		}
	}
	return nil
}

// rest returns all that was received, to the end.
func (c *follower) rest() (string, error) {
	rest, err := io.ReadAll(c.body)
	return string(append(c.got, rest...)), err
}

func (c *follower) until(want string) {
	c.t.Helper()
	if err := c.read(want); err != nil {
		c.t.Fatal(err)
	}
}

func (c *follower) end() string {
	c.t.Helper()
	text, err := c.rest()
	if err != nil {
		c.t.Fatalf("%v after %q", err, text)
	}
	return text
}

func TestFollow_SendsWhatIsWrittenUntilTheRunEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k := f.key(f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs"))
	c := f.follow(f.server.URL, runPath(k)+"/output") // before it starts
	r := f.start(k)
	f.chunk(r, 0, 0, "one\n")
	c.until("one\n")
	f.chunk(r, 1, 4, "two")
	c.until("two")
	f.chunk(r, 2, 7, " and a half\n")
	f.end(r, store.Waiting, store.Output{Head: []byte("one\ntwo and a half\nlast\n"), Bytes: 24})
	c.until("last\n")
	r = f.start(k)
	f.chunk(r, 0, 0, "again")
	c.until("again")
	f.end(r, store.Completed, store.Output{Head: []byte("again!"), Tail: []byte("done\n"), Bytes: 11})
	if got, want := c.end(), "one\ntwo and a half\nlast\n[understudy: attempt 2]\nagain!done\n"; got != want {
		t.Errorf("the client received %q, want %q", got, want)
	}
	again := f.follow(f.server.URL, runPath(k)+"/output") // of a run that has ended
	if got := again.end(); got != "again!done\n" {
		t.Errorf("after the end a client receives %q", got)
	}
	waitForNone(f)
}

// waitForNone waits until no client follows any more.
func waitForNone(f *fixture) {
	f.t.Helper()
	testkit.Until(f.t, "all followers to be gone", func() bool { return len(f.h.followers) == 0 })
}

func TestFollow_EndsWhenTheClientGoesAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, path := f.started()
	c := f.follow(f.server.URL, path)
	c.stop()
	waitForNone(f)
}

// The context of a request ends when the server stops.
func TestFollow_EndsWithTheContextOfItsRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, path := f.started()
	ctx, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.h.ServeHTTP(w, r.WithContext(ctx)) }))
	defer server.Close()
	c := f.follow(server.URL, path)
	stop()
	if got := c.end(); got != "" {
		t.Errorf("received %q", got)
	}
}

// The times that a server gives a request and its answer are not meant for it.
func TestFollow_OutlivesTheTimesOfTheServer(t *testing.T) {
	t.Parallel()
	within(t, func(limit time.Duration) error {
		f := newFixture(t)
		r, path := f.started()
		server := httptest.NewUnstartedServer(f.h)
		server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
		server.Start()
		defer server.Close()
		c, err := f.join(server.URL, path)
		if err != nil {
			return err
		}
		for i, begun := 0, time.Now(); time.Since(begun) < 3*limit; i++ {
			line := fmt.Sprintf("line %04d\n", i)
			f.chunk(r, i, int64(i*len(line)), line)
			if err := c.read(line); err != nil {
				return err
			}
		}
		f.end(r, store.Completed, store.Output{})
		_, err = c.rest()
		return err
	})
}

// A run may write nothing for much longer than a client may take to receive something.
func TestFollow_EndsWellAfterALongSilence(t *testing.T) {
	t.Parallel()
	within(t, func(limit time.Duration) error {
		f := newFixture(t)
		f.h.send = limit
		r, path := f.started()
		c, err := f.join(f.server.URL, path)
		if err != nil {
			return err
		}
		f.chunk(r, 0, 0, "first\n")
		if err := c.read("first\n"); err != nil {
			return err
		}
		begun := time.Now()
		testkit.Until(t, "the time to be over", func() bool { return time.Since(begun) > 2*limit })
		f.end(r, store.Completed, store.Output{})
		_, err = c.rest()
		return err
	})
}

// within calls f with longer and longer times, until it succeeds with one of them: a
// machine that stalls may need more than a short one.
func within(t *testing.T, f func(limit time.Duration) error) {
	t.Helper()
	var err error
	for _, limit := range []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second} {
		if err = f(limit); err == nil {
			return
		}
		t.Logf("with %v: %v", limit, err)
	}
	t.Error(err)
}

func TestFollow_HasALimitOfClients(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, path := f.started()
	for range maxFollowers {
		f.h.followers <- struct{}{}
	}
	f.wantProblem(http.StatusServiceUnavailable, "unavailable", fmt.Sprintf("%d clients follow", maxFollowers), http.MethodGet, path+"?follow=1")
	f.want(http.StatusOK, http.MethodGet, path)
	for range maxFollowers {
		<-f.h.followers
	}
}

// flaky is a store that fails while it is told to.
type flaky struct {
	store.Asking
	fails   atomic.Bool
	deleted atomic.Bool
	spoilt  atomic.Bool // the chunks are
	asked   atomic.Int64
}

func (s *flaky) Run(ctx context.Context, k store.Key) (store.Run, error) {
	s.asked.Add(1)
	switch {
	case s.fails.Load():
		return store.Run{}, errDriver
	case s.deleted.Load():
		return store.Run{}, fmt.Errorf("run: %w", store.ErrNoRun)
	}
	return s.Asking.Run(ctx, k)
}

func (s *flaky) Chunks(ctx context.Context, k store.Key, attempt, from int) ([]store.Chunk, error) {
	switch {
	case s.fails.Load():
		return nil, errDriver
	case s.spoilt.Load():
		return nil, fmt.Errorf("chunks: %w", registry.ErrCorrupt)
	}
	return s.Asking.Chunks(ctx, k, attempt, from)
}

func TestFollow_WaitsWhileTheRegistryIsAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := &flaky{Asking: f.store}
	f.asking = func() store.Asking { return s }
	r, path := f.started()
	f.chunk(r, 0, 0, "before ")
	c := f.follow(f.server.URL, path)
	c.until("before ")
	s.fails.Store(true)
	asked := s.asked.Load()
	testkit.Until(t, "some reads to fail", func() bool { return s.asked.Load() > asked+3 })
	f.chunk(r, 1, 7, "after")
	s.fails.Store(false)
	c.until("before after")
	f.end(r, store.Completed, store.Output{})
	c.end()
}

func TestFollow_EndsWhenTheRunIsDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := &flaky{Asking: f.store}
	f.asking = func() store.Asking { return s }
	_, path := f.started()
	c := f.follow(f.server.URL, path)
	s.deleted.Store(true)
	if got := c.end(); got != "" {
		t.Errorf("received %q", got)
	}
}

func TestFollow_SpoiltChunksAreLeftOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := &flaky{Asking: f.store}
	f.asking = func() store.Asking { return s }
	r, path := f.started()
	s.spoilt.Store(true)
	c := f.follow(f.server.URL, path)
	f.end(r, store.Completed, store.Output{Head: []byte("the end\n"), Bytes: 8})
	if got := c.end(); got != "the end\n" {
		t.Errorf("received %q", got)
	}
	if got := f.want(http.StatusOK, http.MethodGet, path).body; got != "the end\n" {
		t.Errorf("without follow it is %q", got)
	}
}

func TestFollow_HeadersAloneAreAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, path := f.started()
	f.want(http.StatusOK, http.MethodHead, path+"?follow=1")
}
