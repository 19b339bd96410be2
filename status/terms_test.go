package status

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestHistory_LengthsAndGaps(t *testing.T) {
	const s = time.Second
	term := func(number int64, from, to time.Duration, reason registry.Reason) registry.Term {
		t := over(number, int(number), to, reason)
		t.StartedAt = ago(from)
		if reason == "" {
			t.EndedAt = time.Time{}
		}
		return t
	}
	g := snapshot("g", []registry.Term{
		term(11, 7*s, 0, ""),
		term(10, 10*s, 7*s-40*time.Millisecond, registry.HandedOver), // the successor's last beat took 40 ms
		term(9, 14*s, 10*s-40*time.Millisecond, registry.LeaseLost),
		term(8, 20*s, 16*s, registry.LeaseLost),                   // recorded after an outage of the registry
		term(7, 25*s, 17*s, registry.Stopped),                     // recorded by its holder under its next UUID
		term(6, 30*s, 27*s, registry.Unregistered),                // noticed at once
		term(5, 60*s, 25*s, registry.Unregistered),                // noticed after term 6 had begun
		term(4, 90*s, 60*s-3*time.Millisecond, registry.Orphaned), // recorded by its successor
		term(3, 120*s, 0, ""),                                     // never recorded
		term(2, 130*s, 140*s, registry.Stopped),
		term(1, 200*s, 150*s, registry.WorkDone),
	}, nil, now, nil)
	var got []string
	for i, term := range g.Terms {
		if i > 0 && term.To.After(g.Terms[i-1].From) {
			t.Errorf("term %d ends at %v, after the next one began", term.Number, term.To)
		}
		gap, length := "-", term.Length.String()
		if term.Gap != nil {
			gap = term.Gap.String()
		}
		if term.AtMost {
			length = "≤ " + length
		}
		got = append(got, fmt.Sprintf("%d: %s, gap %s, open %v", term.Number, length, gap, term.To.IsZero()))
	}
	want := []string{
		"11: 7.0s, gap -, open true",
		"10: 3.0s, gap 0.0s, open false",
		"9: ≤ 4.0s, gap -, open false",
		"8: ≤ 4.0s, gap -, open false",
		"7: ≤ 5.0s, gap -, open false",
		"6: 3.0s, gap 2.0s, open false",
		"5: ≤ 30s, gap -, open false",
		"4: ≤ 30s, gap -, open false",
		"3: ≤ 30s, gap -, open true",
		"2: 0.0s, gap 20s, open false",
		"1: 50s, gap 20s, open false",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestHistory_SilenceBoundsTheGapAfterAnOrphan(t *testing.T) {
	const s = time.Second
	term := func(number int64, from, to, silence time.Duration, reason registry.Reason) registry.Term {
		t := over(number, int(number), to, reason)
		t.StartedAt, t.End.Silence = ago(from), silence
		return t
	}
	latest := open(9, 9)
	latest.StartedAt = ago(10 * s)
	g := snapshot("g", []registry.Term{
		latest,
		term(8, 100*s, 10*s-3*time.Millisecond, 61*s, registry.Orphaned), // recorded by its successor
		term(7, 200*s, 102*s, 61*s, registry.Orphaned),                   // recorded before that one began
		term(6, 230*s, 200*s, 61*s, registry.Orphaned),                   // silent since it began
		term(5, 300*s, 230*s, 0, registry.Orphaned),                      // recorded by an older version
		term(4, 400*s, 301*s, 61*s, registry.Stopped),
		term(2, 500*s, 450*s, 61*s, registry.Orphaned), // term 3 is missing
	}, nil, now, nil)
	var got []string
	for _, term := range g.Terms {
		line := fmt.Sprintf("%d: silence %v", term.Number, term.Silence)
		if term.GapAtMost != nil {
			line += fmt.Sprintf(", gap ≤ %v", *term.GapAtMost)
		}
		if term.Gap != nil {
			line += fmt.Sprintf(", gap %v", *term.Gap)
		}
		got = append(got, line)
	}
	want := []string{
		"9: silence 0.0s",
		"8: silence 1m01s, gap ≤ 1m01s",
		"7: silence 1m01s, gap ≤ 1m03s",
		"6: silence 30s, gap ≤ 30s",
		"5: silence 0.0s",
		"4: silence 0.0s, gap 1.0s",
		"2: silence 50s",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestHistory_TermWithoutStartBoundsNothing(t *testing.T) {
	next := open(4, 2)
	next.StartedAt = time.Time{}
	g := snapshot("g", []registry.Term{next, over(3, 1, time.Minute, registry.Stopped)}, nil, now, nil)
	if want := ago(time.Minute); !g.Terms[1].To.Equal(want) || g.Terms[1].Gap != nil {
		t.Errorf("term 3 ends at %v with the gap %v, want %v and no gap", g.Terms[1].To, g.Terms[1].Gap, want)
	}
}
