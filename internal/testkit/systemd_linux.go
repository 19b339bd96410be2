package testkit

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Systemd receives on a socket what services tell systemd.
type Systemd struct {
	Path string // of the socket, for NOTIFY_SOCKET
	Conn *net.UnixConn

	t     testing.TB
	mu    sync.Mutex
	lines []string
}

// NewSystemd makes a socket, from which nothing is read before [Systemd.Listen].
func NewSystemd(t testing.TB, path string) *Systemd {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &Systemd{Path: path, Conn: conn, t: t}
}

// Listen begins to read from the socket.
func (s *Systemd) Listen() *Systemd {
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := s.Conn.Read(b)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.lines = append(s.lines, strings.Split(string(b[:n]), "\n")...)
			s.mu.Unlock()
		}
	}()
	return s
}

// Lines returns the lines received so far.
func (s *Systemd) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// Count returns how often a line was received.
func (s *Systemd) Count(line string) (n int) {
	for _, l := range s.Lines() {
		if l == line {
			n++
		}
	}
	return n
}

// Await waits until a line is received.
func (s *Systemd) Await(line string) {
	s.t.Helper()
	Until(s.t, "systemd to receive "+line, func() bool { return s.Count(line) > 0 })
}

// SocketPath returns a path that is short enough for the address of a socket.
func SocketPath(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	if len(path) > 100 {
		t.Skipf("%s is too long for a socket", path)
	}
	return path
}
