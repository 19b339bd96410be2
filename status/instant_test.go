package status

import (
	"testing"
	"time"
)

func TestInstant_IsInUTC(t *testing.T) {
	east := time.FixedZone("", 13*60*60)
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{now, "12:00:15"},
		{now.In(east), "12:00:15"},
		{ago(13 * time.Hour), "2026-03-03 23:00:15"},
		{ago(-12 * time.Hour), "2026-03-05 00:00:15"},
		{time.Time{}, "–"},
	} {
		if got := Instant(tt.at, now.In(east)); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.at, got, tt.want)
		}
	}
}
