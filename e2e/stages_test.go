//go:build linux

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
)

// stages are where the time of takeovers goes. Each has one figure for each takeover.
type stages struct {
	stop  []time.Duration // from the signal to the last instant of the work
	end   []time.Duration // until the next instance knows that the term has ended
	begin []time.Duration // until it holds the next term
	start []time.Duration // until the first instant of its work
}

// add takes a takeover that a signal has caused, from the work before to that of a member. It
// reads the instants in between from the member's log.
func (s *stages) add(t testing.TB, sent time.Duration, before, next span, m *process) {
	t.Helper()
	knows, holds := m.logTime(t, "nobody is active"), m.logTime(t, "active in term")
	s.stop = append(s.stop, before.last-sent)
	s.end = append(s.end, knows-before.last)
	s.begin = append(s.begin, holds-knows)
	s.start = append(s.start, next.first-holds)
}

// report reports the medians. They need not add up to the median of the whole.
func (s *stages) report(b *testing.B) {
	for _, stage := range []struct {
		name string
		took []time.Duration
	}{{"stop", s.stop}, {"end+notice", s.end}, {"begin", s.begin}, {"start", s.start}} {
		slices.Sort(stage.took)
		b.ReportMetric(milliseconds(stage.took[len(stage.took)/2]), "ms-"+stage.name)
	}
}

// logTime returns when a member logged the latest message that begins with a text.
func (ps *process) logTime(t testing.TB, text string) (at time.Duration) {
	t.Helper()
	booted := time.Now().Add(-boottime.Now())
	for line := range strings.Lines(ps.read(ps.log)) {
		var entry struct {
			Time    time.Time
			Message string
		}
		if json.Unmarshal([]byte(line), &entry) == nil && strings.HasPrefix(entry.Message, text) {
			at = entry.Time.Sub(booted)
		}
	}
	if at == 0 {
		t.Fatalf("%s has not logged %q", ps.name, text)
	}
	return at
}

// spanOf returns the work of a term.
func (g *group) spanOf(term int64) span {
	g.t.Helper()
	list, err := readSpans(g.spans)
	i := slices.IndexFunc(list, func(s span) bool { return s.term == term })
	if err != nil || i < 0 {
		g.t.Fatalf("no work of term %d: %v, %v", term, list, err)
	}
	return list[i]
}
