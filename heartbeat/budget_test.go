package heartbeat

import (
	"testing"
	"time"
)

func TestBudget_AllowsABurstAndThenARate(t *testing.T) {
	const span, number = time.Second, 10
	var b budget
	for _, tt := range []struct {
		at   time.Duration
		want int // how many are allowed of as many as are asked for
	}{
		{time.Hour, 10}, {time.Hour + 50*time.Millisecond, 0}, {time.Hour + 100*time.Millisecond, 1},
		{time.Hour + 100*time.Millisecond, 0}, {time.Hour + 600*time.Millisecond, 5}, {2 * time.Hour, 10},
	} {
		got := 0
		for b.spend(tt.at, span, number) {
			if got++; got > 100 {
				t.Fatal("no bound")
			}
		}
		if got != tt.want {
			t.Errorf("at %v: %d, want %d", tt.at, got, tt.want)
		}
		if next := b.next(span, number); next <= tt.at {
			t.Errorf("at %v: the next one at %v, want later", tt.at, next)
		} else if later := b; !later.spend(next, span, number) {
			t.Errorf("at %v: none at %v, which is when the next one is due", tt.at, next)
		}
	}
}
