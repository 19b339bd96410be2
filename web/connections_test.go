package web

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"testing"
	"time"
)

const fewConns = 10

// crowded returns a server that allows few connections, and whose timeouts do not end
// any of them within the test.
func crowded(t *testing.T, prepare ...func(*fixture)) *fixture {
	return newFixture(t, append(prepare, func(s *fixture) {
		s.conns.limit = fewConns
		s.http.ReadHeaderTimeout, s.http.ReadTimeout, s.http.WriteTimeout, s.http.IdleTimeout = time.Hour, time.Hour, time.Hour, time.Hour
	})...)
}

// probe sends a request as an orchestrator does.
func (s *fixture) probe() {
	s.t.Helper()
	c := s.dial()
	_, _ = io.WriteString(c, "GET /healthz HTTP/1.0\r\n\r\n")
	if answer, err := io.ReadAll(c); err != nil || !bytes.Contains(answer, []byte("200 OK")) {
		s.t.Errorf("the answer to a probe: %q, %v", answer, err)
	}
}

func TestConnections_EndlessRequestsKeepNoProbeOut(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	defer close(over)
	s := crowded(t, func(s *fixture) {
		next := s.http.Handler
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hangs" {
				<-over
			}
			next.ServeHTTP(w, r)
		})
	})
	for n := range 3 * fewConns {
		_, _ = io.WriteString(s.dial(), "GET /hangs HTTP/1.1\r\nHost: localhost\r\n\r\n")
		s.await("the request to be under way", func() bool { return s.busy() == min(n+1, fewConns) && s.idle() == 0 })
	}
	for range 3 {
		s.probe()
	}
}

func TestLimitBody_DoesNotWaitForMissingBody(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	for _, length := range []string{"Content-Length: 1", "Content-Length: 1000000000", "Transfer-Encoding: chunked"} {
		c := s.dial()
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"+length+"\r\n\r\n")
		if answer, err := io.ReadAll(c); err != nil || !bytes.Contains(answer, []byte("200 OK")) { // until the connection is closed
			t.Errorf("%s: %q, %v", length, answer, err)
		}
	}
}

func TestLimitBody_KeepsConnectionAfterBody(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	for range 2 { // over one connection
		req, _ := http.NewRequest(http.MethodGet, s.base+"/healthz", bytes.NewReader([]byte("x")))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("status %d, want %d", resp.StatusCode, http.StatusOK)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestConnections_KeepClientsOfEvents(t *testing.T) {
	t.Parallel()
	s := crowded(t, func(s *fixture) { s.broadcast.every = time.Millisecond })
	lines, _ := s.watch()
	s.nextEvent(lines)
	for range 3 * fewConns {
		s.dial()
	}
	s.await("the crowd", func() bool { return s.conns.count() == fewConns })
	s.probe()
	for range 10 {
		s.nextEvent(lines)
	}
}

func TestConnections_LeaveFilesForTheRegistry(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]int{
		0: 1, 64: 32, 256: 128, 1024: maxConns, 1 << 20: maxConns, math.MaxUint64: maxConns,
	} {
		if got := connLimit(files); got != want {
			t.Errorf("%d files: %d connections, want %d", files, got, want)
		}
		if clients := clientLimit(connLimit(files)); clients > maxClients || clients >= connLimit(files) {
			t.Errorf("%d files: %d of %d connections may be those of clients of /events", files, clients, connLimit(files))
		}
	}
	if s := New(Config{}); s.conns.limit != connLimit(maxFiles()) || s.broadcast.limit != clientLimit(s.conns.limit) {
		t.Errorf("%d connections, %d clients of /events", s.conns.limit, s.broadcast.limit)
	}
}
