package wording

import (
	"strings"
	"testing"
	"time"
)

func TestAnyOf_ListsChoices(t *testing.T) {
	for want, choices := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		if got := AnyOf(choices); got != want {
			t.Errorf("%q: got %q, want %q", choices, got, want)
		}
	}
}

func TestQuote_CutsLongText(t *testing.T) {
	if got := Quote("a\nb"); got != `"a\nb"` {
		t.Errorf("got %s", got)
	}
	long := strings.Repeat("x", 99) + "é" + strings.Repeat("x", 99)
	if got, want := Quote(long), `"`+strings.Repeat("x", 99)+`"… (200 bytes)`; got != want {
		t.Errorf("got %s, want %s: no half of a character", got, want)
	}
}

func TestSpan_ShowsNoPartThatIsZero(t *testing.T) {
	const day = 24 * time.Hour
	for want, d := range map[string]time.Duration{
		"0s": 0, "100ms": 100 * time.Millisecond, "10s": 10 * time.Second, "5m": 5 * time.Minute, "5m10s": 310 * time.Second,
		"1h": time.Hour, "1h30m": 90 * time.Minute, "1h0m10s": time.Hour + 10*time.Second, "72h": 3 * day, "90d": 90 * day, "-10m": -10 * time.Minute,
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
