package heartbeat

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHoldOff_GrowsWithFailures(t *testing.T) {
	const minute = time.Minute
	var h holdOff
	var got []time.Duration
	for range 7 {
		h = h.begin(now, minute, true, 30*time.Second).newerTerm()
		got = append(got, h.until-now)
	}
	want := []time.Duration{minute, 2 * minute, 4 * minute, 8 * minute, 16 * minute, 16 * minute, 16 * minute}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if h = h.begin(now, minute, true, 16*minute); h.until-now != minute {
		t.Errorf("after a good run %v, want a minute", h.until-now)
	}
}

func TestHoldOff_AfterAHandoverEndsWithANewerTerm(t *testing.T) {
	h := holdOff{}.begin(now, time.Minute, false, time.Hour)
	if h.until-now != time.Minute {
		t.Errorf("%v, want a minute", h.until-now)
	}
	if h = h.newerTerm(); h.until != 0 {
		t.Errorf("until %v after a newer term, want none", h.until)
	}
	failed := holdOff{}.begin(now, time.Minute, true, 0)
	if h := failed.begin(now, time.Minute, false, time.Second); h.until-now != time.Minute || h.newerTerm() != h {
		t.Errorf("a handover ends the hold-off for work that failed: %+v", h)
	}
}
