package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/status"
)

// watch opens /events and returns its lines.
func (s *fixture) watch() (lines *bufio.Scanner, leave func()) {
	s.t.Helper()
	transport := &http.Transport{}
	resp, err := (&http.Client{Transport: transport}).Get(s.base + "/events")
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	leave = func() { resp.Body.Close(); transport.CloseIdleConnections() }
	s.t.Cleanup(leave)
	return bufio.NewScanner(resp.Body), leave
}

// nextEvent returns the data of the next event.
func (s *fixture) nextEvent(lines *bufio.Scanner) string {
	s.t.Helper()
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return data
		}
	}
	s.t.Fatalf("the events end: %v", lines.Err())
	return ""
}

func (s *fixture) clients() int {
	s.broadcast.mu.Lock()
	defer s.broadcast.mu.Unlock()
	return len(s.broadcast.clients)
}

func TestEvents_ShowStatusAndOutliveTimeouts(t *testing.T) {
	t.Parallel()
	const tick = 5 * time.Millisecond
	s := newFixture(t, func(s *fixture) {
		s.broadcast.every = tick
		s.http.ReadTimeout, s.http.WriteTimeout = 10*tick, 10*tick
	})
	one, leaveOne := s.watch()
	two, leaveTwo := s.watch()
	for range 40 {
		for _, lines := range []*bufio.Scanner{one, two} {
			var got snapshot
			if err := json.Unmarshal([]byte(s.nextEvent(lines)), &got); err != nil || got.Health != "1 active, 0 passive" || got.Self.Instance != someone {
				t.Fatalf("%+v, %v", got, err)
			}
		}
	}
	leaveOne()
	leaveTwo()
	s.await("the clients to be gone", func() bool { return s.clients() == 0 })
}

func TestEvents_NoticeBetweenEventsThatClientIsGone(t *testing.T) {
	t.Parallel()
	s := newFixture(t, func(s *fixture) { s.broadcast.every = time.Hour })
	lines, leave := s.watch()
	s.nextEvent(lines)
	leave()
	s.await("the client to be gone", func() bool { return s.clients() == 0 })
}

func TestEvents_ShowFailure(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	s.ask = func(context.Context) (status.Group, error) { return status.Group{}, errors.New("refused") }
	lines, _ := s.watch()
	var got failure
	if err := json.Unmarshal([]byte(s.nextEvent(lines)), &got); err != nil || got.Error != "refused" || got.Group != "orders" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEvents_DropClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	s := newFixture(t, func(s *fixture) {
		s.broadcast.every, s.eventLimit, s.http.WriteTimeout = time.Millisecond, 20*time.Millisecond, time.Hour
	})
	g := status.Group{Health: strings.Repeat("x", 1<<20)}
	s.ask = func(context.Context) (status.Group, error) { return g, nil }
	c := s.dial()
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	if _, err := io.WriteString(c, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	s.await("the client to come", func() bool { return s.asked.Load() > 0 })
	s.await("the client to be dropped", func() bool { return s.clients() == 0 })
}

func TestEvents_TooManyClientsAre503(t *testing.T) {
	t.Parallel()
	s := newFixture(t, func(s *fixture) { s.broadcast.limit = 1 })
	s.watch()
	if rec := s.get(http.MethodGet, "/events"); rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "/status") {
		t.Errorf("%d: %s", rec.Code, rec.Body)
	}
}

func TestShutdown_EndsEvents(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	lines, _ := s.watch()
	s.nextEvent(lines)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for lines.Scan() {
	}
	if s.clients() != 0 {
		t.Error("a client is left")
	}
}
