package registry

import (
	"strings"
	"testing"
	"time"
)

func TestTiming_Arithmetic(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, tt := range []struct {
		timing                                                        Timing
		slack, overdue, margin, lease, callTimeout, killMargin, letGo time.Duration
	}{
		{DefaultTiming, 3 * s, 9 * s, 9 * s, 51 * s, 10250 * ms, 1200 * ms, s},
		{Timing{s, 20 * s, 2 * s}, s, 3 * s, 3 * s, 17 * s, 3750 * ms, s, 250 * ms},                                                     // B = I = T/20
		{Timing{100 * ms, 1500 * ms, 500 * ms}, 100 * ms, 300 * ms, 250 * ms, 1250 * ms, 187500 * time.Microsecond, 250 * ms, 250 * ms}, // T/10 above 100 ms
		{Timing{50 * ms, 900 * ms, 500 * ms}, 50 * ms, 150 * ms, 150 * ms, 750 * ms, 62500 * time.Microsecond, 250 * ms, 250 * ms},      // T/10 below it
		{Timing{s, time.Minute, 20 * s}, 3 * s, 9 * s, 9 * s, 51 * s, 7750 * ms, 2 * s, 2 * s},
	} {
		if err := tt.timing.Check(); err != nil {
			t.Errorf("%+v: %v", tt.timing, err)
		}
		for _, f := range []struct {
			name      string
			got, want time.Duration
		}{
			{"slack", tt.timing.Slack(), tt.slack},
			{"overdue", tt.timing.Overdue(), tt.overdue},
			{"margin", tt.timing.Margin(), tt.margin},
			{"lease", tt.timing.Lease(), tt.lease},
			{"call timeout", tt.timing.CallTimeout(), tt.callTimeout},
			{"kill margin", tt.timing.KillMargin(), tt.killMargin},
			{"let go", tt.timing.LetGo(), tt.letGo},
		} {
			if f.got != f.want {
				t.Errorf("%+v: %s is %v, want %v", tt.timing, f.name, f.got, f.want)
			}
		}
	}
}

func TestTiming_CheckNamesWhatIsWrong(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, tt := range []struct {
		timing Timing
		want   []string // empty if nothing is wrong
	}{
		{DefaultTiming, nil},
		{Timing{MinInterval, time.Minute, MinStopGrace}, nil},
		{Timing{MinInterval - 1, time.Minute, s}, []string{"interval 49.999999ms: want 50ms to 1h"}},
		{Timing{s, time.Minute, MinStopGrace - 1}, []string{"stop grace 499.999999ms: want 500ms to 12h"}},
		{Timing{0, time.Minute, -s}, []string{"interval 0s", "stop grace -1s"}},
		{Timing{-s, -s, -s}, []string{"interval -1s", "stop grace -1s"}},
		{Timing{s, 0, 10 * s}, []string{"orphan after 0s", "want 15.556s or more"}},
		{Timing{s, -time.Minute, 10 * s}, []string{"orphan after -1m0s"}},
		{Timing{100 * ms, s, 500 * ms}, nil}, // exactly G + M + 3·B
		{Timing{100 * ms, s - 1, 500 * ms}, []string{"999.999999ms is too short", "interval of 100ms", "stop grace of 500ms", "want 1s or more"}},
		{Timing{s, MaxOrphanAfter, s}, nil},
		{Timing{s, MaxOrphanAfter + 1, s}, []string{"orphan after 24h0m0.000000001s is too long: want 24h or less"}},
		{Timing{s, 1 << 62, s}, []string{"want 24h or less"}},
		{Timing{MaxInterval + 1, MaxOrphanAfter, s}, []string{"interval 1h0m0.000000001s: want 50ms to 1h"}},
		{Timing{s, MaxOrphanAfter, MaxStopGrace + 1}, []string{"stop grace 12h0m0.000000001s: want 500ms to 12h"}},
		{Timing{1 << 62, 1 << 62, 1 << 62}, []string{"interval", "stop grace", "orphan after"}},
	} {
		err := tt.timing.Check()
		if len(tt.want) == 0 {
			if err != nil {
				t.Errorf("%+v: %v", tt.timing, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%+v: no error", tt.timing)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %q does not say %q", tt.timing, err, want)
			}
		}
	}
}

// An error recommends the smallest T, so that T has to fit and no smaller one may.
func TestTiming_SmallestOrphanAfterFitsAndNoSmallerOneDoes(t *testing.T) {
	for _, interval := range []time.Duration{MinInterval, 51 * time.Millisecond, 250 * time.Millisecond, time.Second, 7 * time.Second, time.Minute, MaxInterval} {
		for _, grace := range []time.Duration{MinStopGrace, time.Second, 9999 * time.Millisecond, 10 * time.Second, time.Hour, MaxStopGrace} {
			timing := Timing{Interval: interval, StopGrace: grace}
			timing.OrphanAfter = timing.SmallestOrphanAfter()
			if !timing.fits() {
				t.Errorf("I %v, G %v: %v does not fit", interval, grace, timing.OrphanAfter)
			}
			if timing.OrphanAfter%time.Millisecond != 0 {
				t.Errorf("I %v, G %v: %v is no whole number of milliseconds", interval, grace, timing.OrphanAfter)
			}
			timing.OrphanAfter -= time.Millisecond
			if timing.fits() {
				t.Errorf("I %v, G %v: %v fits as well", interval, grace, timing.OrphanAfter)
			}
		}
	}
}

// There is a T for every interval and stop grace that are accepted. So no two durations
// that are each accepted exclude each other.
func TestTiming_SomeOrphanAfterFitsTheLongestIntervalAndGrace(t *testing.T) {
	longest := Timing{Interval: MaxInterval, OrphanAfter: MaxOrphanAfter, StopGrace: MaxStopGrace}
	if err := longest.Check(); err != nil {
		t.Error(err)
	}
	if smallest := longest.SmallestOrphanAfter(); smallest > MaxOrphanAfter {
		t.Errorf("it would take %v", smallest)
	}
}

// A timing that passes the check leaves room for several calls within a lease, and for the
// work to stop before the lease ends.
func TestTiming_ThatPassesTheCheckLeavesRoom(t *testing.T) {
	for interval := MinInterval; interval < 10*time.Second; interval = interval*3/2 + 1 {
		for grace := MinStopGrace; grace < 30*time.Second; grace = grace*3/2 + 1 {
			timing := Timing{Interval: interval, StopGrace: grace}
			for timing.OrphanAfter = timing.SmallestOrphanAfter(); timing.OrphanAfter < time.Hour; timing.OrphanAfter *= 2 {
				if err := timing.Check(); err != nil {
					t.Fatalf("%+v: %v", timing, err)
				}
				if timing.Margin() <= timing.Slack() {
					t.Errorf("%+v: the back-dating of %v is not below the margin of %v", timing, timing.Slack(), timing.Margin())
				}
				if room := timing.Lease() - timing.StopGrace; room < 3*timing.Slack() || timing.CallTimeout() <= 0 || timing.CallTimeout() > room/4 {
					t.Errorf("%+v: room for calls %v, each %v", timing, room, timing.CallTimeout())
				}
				if timing.KillMargin() > timing.StopGrace/2 {
					t.Errorf("%+v: killed %v before the lease ends, of a grace of %v", timing, timing.KillMargin(), timing.StopGrace)
				}
			}
		}
	}
}
