package worker

import (
	"testing"
	"time"
)

func TestBackoff_DoublesAndForgets(t *testing.T) {
	const s, m = time.Second, time.Minute
	for _, tt := range []struct {
		name   string
		ran    []time.Duration
		codes  []int
		want   []time.Duration
		failed []bool
	}{
		{"it doubles up to a minute, and the fifth exit is one too many",
			[]time.Duration{0, 0, 0, 0, 0, 0, 0, 0}, []int{1, 1, 1, 1, 1, 1, 1, 1},
			[]time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, m, m},
			[]bool{false, false, false, false, true, true, true, true}},
		{"a minute without an exit forgets them all",
			[]time.Duration{0, 0, 0, 0, m, 59 * s}, []int{1, 1, 1, 1, 1, 1},
			[]time.Duration{s, 2 * s, 4 * s, 8 * s, s, 2 * s},
			[]bool{false, false, false, false, false, false}},
		{"exit code 0 is no failure, but it delays the next start as well",
			[]time.Duration{0, 0, 0, 0, 0, 0}, []int{1, 1, 1, 1, 0, 1},
			[]time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s},
			[]bool{false, false, false, false, false, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b backoff
			for i := range tt.ran {
				if got := b.exited(tt.ran[i], tt.codes[i]); got != tt.want[i] {
					t.Errorf("delay %d is %v, want %v", i, got, tt.want[i])
				}
				if b.failed() != tt.failed[i] {
					t.Errorf("failed after exit %d: %v, want %v", i, b.failed(), tt.failed[i])
				}
			}
		})
	}
}

func TestBackoff_ForgetsFailuresAfterAMinuteWithoutAnExit(t *testing.T) {
	var b backoff
	for range 5 {
		b.exited(0, 1)
	}
	b.ran(59 * time.Second)
	if !b.failed() {
		t.Error("failures were forgotten too early")
	}
	b.ran(time.Minute)
	if b.failed() || b.exited(0, 1) != time.Second {
		t.Error("failures still counted after a minute without an exit")
	}
}
