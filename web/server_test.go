package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/status"
)

func TestServer_AllowsOnlyGetAndHead(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	paths := []string{"/", "/healthz", "/readyz", "/activez", "/status", "/metrics", "/events", "/page/jobs/count"}
	for _, path := range paths {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, "BREW"} {
			if rec := s.get(method, path); rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, rec.Code, rec.Header().Get("Allow"))
			}
		}
		resp, err := http.Head(s.base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusMethodNotAllowed || len(body) > 0 {
			t.Errorf("HEAD %s: %d, %d bytes", path, resp.StatusCode, len(body))
		}
	}
	if s.broadcast.clients != nil {
		t.Error("HEAD adds a client")
	}
	for _, path := range []string{"/x", "/healthz/", "/index.html", "/favicon.ico", "/status/x", "/debug/pprof/"} {
		if rec := s.get(http.MethodGet, path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestServer_MetricsAreOptional(t *testing.T) {
	t.Parallel()
	if rec := newFixture(t).get(http.MethodGet, "/metrics"); rec.Code != http.StatusOK || rec.Body.String() != "understudy_active 0\n" {
		t.Errorf("%d: %s", rec.Code, rec.Body)
	}
	s := New(Config{State: func() State { return healthy }})
	rec := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if rec.Code != http.StatusNotFound {
		t.Errorf("%d without metrics", rec.Code)
	}
}

func TestServer_HasTimeouts(t *testing.T) {
	t.Parallel()
	h := New(Config{}).http
	for name, d := range map[string]time.Duration{
		"header": h.ReadHeaderTimeout, "read": h.ReadTimeout, "write": h.WriteTimeout, "idle": h.IdleTimeout,
	} {
		if d <= 0 || d > time.Minute {
			t.Errorf("%s timeout %v", name, d)
		}
	}
	if h.WriteTimeout <= status.ReadLimit {
		t.Errorf("write timeout %v leaves no room for an answer after %v", h.WriteTimeout, status.ReadLimit)
	}
}

func TestServer_CutsOffSlowHeader(t *testing.T) {
	t.Parallel()
	s := newFixture(t, func(s *fixture) { s.http.ReadHeaderTimeout, s.http.ReadTimeout = 20*time.Millisecond, time.Hour })
	c := s.dial()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") // it may be cut off already
	if answer, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) || bytes.Contains(answer, []byte("200 OK")) {
		t.Errorf("%q, %v: want a closed connection", answer, err)
	}
}

func TestServer_RefusesLargeHeader(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	req, _ := http.NewRequest(http.MethodGet, s.base+"/healthz", nil)
	req.Header.Set("X-Large", strings.Repeat("x", 2*maxHeaderSize))
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return // cut off before the answer could be read
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, want %d", resp.StatusCode, http.StatusRequestHeaderFieldsTooLarge)
	}
}

func TestConnections_HeldOnesKeepNoProbeOut(t *testing.T) {
	t.Parallel()
	s := newFixture(t, func(s *fixture) {
		s.http.ReadHeaderTimeout, s.http.ReadTimeout, s.http.IdleTimeout = time.Hour, time.Hour, time.Hour
	})
	held := make([]net.Conn, 0, maxConns+5)
	for i := range cap(held) {
		c := s.dial()
		held = append(held, c)
		if i%2 == 0 { // half of them are idle after a request, the others never send one
			_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
			if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "200 OK") {
				t.Fatalf("connection %d: %q, %v", i, line, err)
			}
		}
		if i == 0 {
			s.await("the first connection to be idle", func() bool { return s.idle() == 1 })
		}
	}
	s.await("the oldest to be closed", func() bool { return s.conns.count() <= maxConns })
	if _, err := io.ReadAll(held[0]); err != nil { // EOF: it was closed
		t.Errorf("the oldest connection: %v", err)
	}
	c := s.dial()
	_, _ = io.WriteString(c, "GET /healthz HTTP/1.0\r\n\r\n")
	if answer, err := io.ReadAll(c); err != nil || !bytes.Contains(answer, []byte("200 OK")) {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestCheckHost_LoopbackAnswersToNoOtherName(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST.:80": 200, "page.localhost:8080": 200, "127.0.0.1:1": 200, "[::1]:80": 200, "::1": 200,
		"attacker.example": 421, "attacker.example:9131": 421, "localhost.attacker.example": 421, "127.0.0.1.attacker.example": 421,
	} {
		req, _ := http.NewRequest(http.MethodGet, s.base+"/healthz", nil)
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("Host %s: %d, want %d", host, resp.StatusCode, want)
		}
	}
	s.local.Store(false) // as on all interfaces
	rec := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "http://pod.cluster.example/healthz", nil))
	if rec.Code != 200 {
		t.Errorf("on all interfaces: %d", rec.Code)
	}
}

func TestShutdown_DoesNotWaitForIdleConnections(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	c := s.dial()
	s.awaitConns(1)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // net/http waits for 5 s
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if answer, err := io.ReadAll(c); len(answer) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestListen_ErrorNamesTheAddress(t *testing.T) {
	t.Parallel()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, addr := range []string{l.Addr().String(), "192.0.2.1:1", "127.0.0.1:99999"} {
		second, err := Listen(addr)
		if err == nil {
			second.Close()
			t.Fatalf("%s could be bound", addr)
		}
		if text := err.Error(); !strings.HasPrefix(text, `listen on "`+addr+`": `) || !strings.Contains(text, "want a free HOST:PORT") || strings.Contains(text, "\n") {
			t.Errorf("got %q, want one line that names %s and what would be right", text, addr)
		}
	}
}

func TestAccessLog_IsAtLevelDebug(t *testing.T) {
	t.Parallel()
	for level, want := range map[zerolog.Level]int{zerolog.DebugLevel: 1, zerolog.InfoLevel: 0} {
		var log bytes.Buffer
		s := New(Config{State: func() State { return State{} }, Log: zerolog.New(&log).Level(level)})
		req := httptest.NewRequest(http.MethodGet, "/a%1b%5b31m", nil)
		s.http.Handler.ServeHTTP(httptest.NewRecorder(), req)
		if got := strings.Count(log.String(), `HTTP GET /a\\x1b[31m`); got != want || want == 1 && !strings.Contains(log.String(), `"code":404`) {
			t.Errorf("%s: %s", level, log.String())
		}
	}
}

func TestShutdown_LetsRequestsFinish(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	s.ask = func(context.Context) (status.Group, error) {
		<-s.ctx.Done()
		return status.Group{Name: "orders"}, nil
	}
	c := s.dial()
	if _, err := io.WriteString(c, "GET /status HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	s.await("the request to be under way", func() bool { return s.asked.Load() > 0 })
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if answer, err := io.ReadAll(c); err != nil || !bytes.Contains(answer, []byte("200 OK")) {
		t.Errorf("%q, %v", answer, err)
	}
}
