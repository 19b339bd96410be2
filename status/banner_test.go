package status

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestBanner_WordsEachState(t *testing.T) {
	const s = time.Second
	type instances = []registry.Instance
	type terms = []registry.Term
	done := over(3, 1, 12*s, registry.WorkDone)
	done.End.ExitCode = 7
	unpromising := open(3, 9)
	unpromising.OrphanAfter = 0
	boundless := open(3, 1)
	boundless.OrphanAfter = 10 * 365 * 24 * time.Hour
	for _, tt := range []struct {
		name      string
		terms     terms
		instances instances
		healthy   bool
		want      string
	}{
		{"no instance ever", nil, nil, false, "no instance: none ever joined this group; start one, or check UNDERSTUDY_REGISTRY and UNDERSTUDY_GROUP"},
		{"nobody active yet", nil, instances{instance(1, s)}, false, "no active yet; 1 passive"},
		{"healthy", terms{open(3, 1)}, instances{instance(1, s), instance(2, s), instance(3, s)}, true, "1 active, 2 passive"},
		{"alone", terms{open(3, 1)}, instances{instance(1, s)}, true, "1 active, 0 passive: nobody would take over"},
		{"a silent instance would not take over", terms{open(3, 1)}, instances{instance(1, s), instance(2, 10*s)}, true,
			"1 active, 0 passive, 1 silent: nobody would take over"},
		{"mixed", terms{open(3, 1)}, instances{instance(1, s), instance(2, s), instance(3, s, holdingOff), instance(4, 10*s)}, true,
			"1 active, 2 passive (1 holding off), 1 silent"},
		{"the active one does not count as holding off", terms{open(3, 1)}, instances{instance(1, s, holdingOff), instance(2, s)}, true, "1 active, 1 passive"},
		{"a beat from the future", terms{open(3, 1)}, instances{instance(1, -time.Hour), instance(2, s)}, false,
			"h1/000001 was not seen to beat, and its heartbeat is 1h00m ahead of the registry's clock, which was set back; h2/000002 takes over in 1m00s; 1 passive"},
		{"beats of all from the future", terms{open(3, 1)}, instances{instance(1, -2*time.Hour), instance(2, -2*time.Hour)}, false,
			"h1/000001 was not seen to beat, and its heartbeat is 2h00m ahead of the registry's clock, which was set back, an orphan in 1m00s; nobody is there to take over, 1 silent"},
		{"a beat from just ahead", terms{open(3, 1)}, instances{instance(1, -9*s), instance(2, -9*s)}, true, "1 active, 1 passive"},
		{"just not overdue", terms{open(3, 1)}, instances{instance(1, 9*s), instance(2, s)}, true, "1 active, 1 passive"},
		{"silent", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, s), instance(3, s)}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 48s; 2 passive"},
		{"silent, and the senior takes over", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, s), instance(3, s, priority(5)), instance(4, s, priority(5)), instance(5, s, priority(9), holdingOff), instance(6, 20*s, priority(9))}, false,
			"no beat from h1/000001 for 12s; h3/000003 takes over in 48s; 4 passive (1 holding off), 1 silent"},
		{"silent, and its peers hold off", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, s, holdingOff)}, false,
			"no beat from h1/000001 for 12s, an orphan in 48s; 1 passive (1 holding off)"},
		{"an orphan", terms{open(3, 1)}, instances{instance(1, 75*s), instance(2, s)}, false, "no beat from h1/000001 for 1m15s, an orphan; h2/000002 takes over when it has observed this silence itself; 1 passive"},
		{"silent and alone", terms{open(3, 1)}, instances{instance(1, 12*s)}, false,
			"no beat from h1/000001 for 12s, an orphan in 48s; nobody is there to take over"},
		{"everyone silent", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, 12*s)}, false,
			"no beat from h1/000001 for 12s, an orphan in 48s; nobody is there to take over, 1 silent"},
		{"by its own timing", terms{open(3, 1)}, instances{instance(1, s, timing(100*time.Millisecond, 2*s)), instance(2, s)}, false,
			"no beat from h1/000001 for 1.0s; h2/000002 takes over in 59s; 1 passive"},
		{"by its own timing, longer than the term's", terms{open(3, 1)}, instances{instance(1, 50*s, timing(s, 5*time.Minute)), instance(2, s)}, false,
			"no beat from h1/000001 for 50s; h2/000002 takes over in 4m10s; 1 passive"},
		{"by its own long timing", terms{open(3, 1)}, instances{instance(1, 50*s, timing(20*s, 5*time.Minute)), instance(2, s)}, true, "1 active, 1 passive"},
		{"a timing that makes no sense", terms{open(3, 1)}, instances{instance(1, 12*s, timing(0, -1)), instance(2, s, timing(0, 0))}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 48s; 1 passive"},
		{"a timing that is too long", terms{open(3, 1)}, instances{instance(1, 12*s, timing(math.MaxInt64, math.MaxInt64)), instance(2, s)}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 1d00h; 1 passive"},
		{"a term whose timing is too long", terms{boundless}, instances{instance(1, 12*s), instance(2, s)}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 1d00h; 1 passive"},
		{"deleted, and a term whose timing is too long", terms{boundless}, instances{instance(2, s)}, false,
			"the registration of the active one, h1/000001, is gone; h2/000002 takes over within 1d00h"},
		{"deleted", terms{open(3, 9)}, instances{instance(2, s)}, false,
			"the registration of the active one, h9/000009, is gone; h2/000002 takes over within 1m00s"},
		{"deleted, and its term names no orphan-after", terms{unpromising}, instances{instance(2, s)}, false,
			"the registration of the active one, h9/000009, is gone; h2/000002 takes over within 1m00s"},
		{"deleted, and its peers hold off", terms{open(3, 9)}, instances{instance(2, s, holdingOff)}, false,
			"the registration of the active one, h9/000009, is gone; 1 passive (1 holding off)"},
		{"all deleted", terms{open(3, 9)}, nil, false, "the registration of the active one, h9/000009, is gone; nobody is there to take over"},
		{"stopped", terms{over(3, 1, 12*s, registry.Stopped)}, instances{instance(2, s), instance(3, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 was stopped; 2 passive"},
		{"stopped yesterday", terms{over(3, 1, 24*time.Hour, registry.Stopped)}, nil, false,
			"no active since 2026-03-03 12:00:15 UTC, for 1d00h: h1/000001 was stopped; nobody is there to take over"},
		{"stopped in the future", terms{over(3, 1, -s, registry.Stopped)}, instances{instance(2, s)}, false,
			"no active since 12:00:16 UTC, for 0.0s: h1/000001 was stopped; 1 passive"},
		{"stopped, and the clock was set back", terms{over(3, 1, -2*time.Hour, registry.Stopped)}, instances{instance(2, s)}, false,
			"no active since 14:00:15 UTC, ahead of the registry's clock: h1/000001 was stopped; 1 passive"},
		{"work done, and the clock was set back", terms{over(3, 1, -2*time.Hour, registry.WorkDone)}, nil, false,
			"work done at 14:00:15 UTC, ahead of the registry's clock, by h1/000001, exit code 0"},
		{"handed over", terms{over(3, 1, 12*s, registry.HandedOver)}, instances{instance(1, s, holdingOff), instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 handed over; 2 passive (1 holding off)"},
		{"lease lost", terms{over(3, 1, 12*s, registry.LeaseLost)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 lost its lease; 1 passive"},
		{"orphaned", terms{over(3, 1, 12*s, registry.Orphaned)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 fell silent; 1 passive"},
		{"crashed", terms{over(3, 1, 12*s, registry.Crashed)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 crashed; 1 passive"},
		{"unregistered", terms{over(3, 1, 12*s, registry.Unregistered)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 lost its registration; 1 passive"},
		{"work failed", terms{over(3, 1, 12*s, registry.WorkFailed)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 gave up because its work kept failing; 1 passive"},
		{"not ready", terms{over(3, 1, 12*s, registry.NotReady)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 could not begin the work; 1 passive"},
		{"work done", terms{done}, nil, false, "work done at 12:00:03 UTC, 12s ago, by h1/000001, exit code 7"},
		{"work done well", terms{over(3, 1, 12*s, registry.WorkDone)}, nil, false, "work done at 12:00:03 UTC, 12s ago, by h1/000001, exit code 0"},
		{"work done in an earlier term", terms{open(4, 1), over(3, 1, 12*s, registry.WorkDone)}, instances{instance(1, s)}, true, "1 active, 0 passive: nobody would take over"},
		{"work done, and a new instance", terms{done}, instances{instance(2, s)}, false, "work done at 12:00:03 UTC, 12s ago, by h1/000001, exit code 7; 1 passive"},
		{"no reason", terms{over(3, 1, 12*s, "")}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: the term of h1/000001 ended; 1 passive"},
		{"a reason of a later version", terms{over(3, 1, 12*s, "bored\x1b[2J")}, instances{instance(2, s)}, false,
			`no active since 12:00:03 UTC, for 12s: the term of h1/000001 ended: bored\x1b[2J; 1 passive`},
	} {
		g := snapshot("g", tt.terms, tt.instances, now, nil)
		if want := strings.Contains(tt.want, "exit code 0"); g.Done != want {
			t.Errorf("%s: done is %v, want %v", tt.name, g.Done, want)
		}
		if g.Healthy != tt.healthy || g.Health != tt.want {
			t.Errorf("%s:\n got %v %q\nwant %v %q", tt.name, g.Healthy, g.Health, tt.healthy, tt.want)
		}
	}
}
