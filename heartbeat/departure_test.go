package heartbeat

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestDeparture_HasTimeForTheRelease(t *testing.T) {
	const usual, orphanAfter = 5 * second, 60 * second
	for _, tt := range []struct {
		name  string
		steps func(d *departure)
		want  time.Duration
	}{
		{"work is left", func(*departure) {}, 0},
		{"told to leave", func(d *departure) {
			d.hurry(now, usual)
			d.release(now+second, usual, orphanAfter, false)
		}, now + second + usual},
		{"the work failed", func(d *departure) { d.release(now, usual, orphanAfter, false) }, now + usual},
		{"the work is done", func(d *departure) { d.release(now, usual, orphanAfter, true) }, now + orphanAfter},
		{"the work is done, and somebody waits", func(d *departure) {
			d.hurry(now, usual)
			d.release(now, usual, orphanAfter, true)
		}, now + usual},
		{"the work is done, and somebody begins to wait", func(d *departure) {
			d.release(now, usual, orphanAfter, true)
			d.hurry(now+second, usual)
		}, now + second + usual},
		{"hurried again, which makes it no longer", func(d *departure) {
			d.release(now, usual, orphanAfter, false)
			d.hurry(now+second, usual)
		}, now + usual},
		{"the release has begun before", func(d *departure) {
			d.release(now, usual, orphanAfter, false)
			d.release(now+second, usual, orphanAfter, true)
		}, now + usual},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d departure
			tt.steps(&d)
			if d.releaseBy != tt.want {
				t.Errorf("until %v, want %v", d.releaseBy, tt.want)
			}
			if tt.want == 0 && d.expired(1<<60) {
				t.Error("expired before it has begun")
			}
			if tt.want > 0 && (d.expired(tt.want-1) || !d.expired(tt.want)) {
				t.Errorf("not expired at %v", tt.want)
			}
		})
	}
}

func TestDeparture_HungRequestLeavesTimeForAnotherTry(t *testing.T) {
	timing := registry.DefaultTiming
	d := departure{releaseBy: now + 4*second}
	for _, tt := range []struct{ now, want time.Duration }{
		{now, 2 * second},
		{now + 3500*time.Millisecond, 500 * time.Millisecond},
		{now + 3900*time.Millisecond, 100 * time.Millisecond},
	} {
		if got := d.timeout(tt.now, timing); got != tt.want {
			t.Errorf("with %v left: %v, want %v", d.releaseBy-tt.now, got, tt.want)
		}
	}
	d.releaseBy = now + time.Hour
	if got := d.timeout(now, timing); got != timing.CallTimeout() {
		t.Errorf("with an hour left: %v, want the usual %v", got, timing.CallTimeout())
	}
}

func TestReleaseTime_IsBounded(t *testing.T) {
	for _, timing := range []registry.Timing{
		registry.DefaultTiming,
		{Interval: 5 * second, OrphanAfter: 300 * second, StopGrace: 30 * second},
		{Interval: 50 * time.Millisecond, OrphanAfter: 2 * second, StopGrace: 500 * time.Millisecond},
	} {
		if got := releaseTime(timing); got > 5*second || got > timing.CallTimeout() || got <= 0 {
			t.Errorf("%+v: %v", timing, got)
		}
	}
}
