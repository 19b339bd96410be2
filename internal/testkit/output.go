package testkit

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/understudy-go/understudy/config"
)

// LogBuffer keeps what is written to it. One goroutine may write while another
// reads.
type LogBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *LogBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *LogBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// WantLine checks that text is a single line that contains all the parts.
func WantLine(t testing.TB, text string, parts ...string) {
	t.Helper()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("want one line, got %d:\n%s", strings.Count(text, "\n"), text)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("want %q in\n%s", part, text)
		}
	}
}

// WithoutWaiting returns a log without the lines that depend on the machine: that
// an answer takes long because the machine is slow, and that a registry in a
// container is lost with the container.
func WithoutWaiting(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "understudy: waiting for an answer from ") && !strings.HasPrefix(line, "understudy: connecting to ") {
			b.WriteString(line)
		}
	}
	return WithoutContainer(b.String())
}

// WithoutContainer returns text without the lines that warn of a registry in a
// container, which are there only when the tests run in one.
func WithoutContainer(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, config.Perishable) {
			b.WriteString(line)
		}
	}
	return b.String()
}
