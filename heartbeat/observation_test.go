package heartbeat

import (
	"fmt"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestObservation_SaysWhenARegistrationIsAnOrphan(t *testing.T) {
	own := registry.DefaultTiming // B = 3 s
	seen := func(beat int64, age time.Duration) registry.Instance {
		return registry.Instance{
			ID: other, Beat: beat, Heartbeat: noon.Add(-age),
			Interval: time.Second, OrphanAfter: time.Minute,
		}
	}
	with := func(in registry.Instance, i, t time.Duration) registry.Instance {
		in.Interval, in.OrphanAfter = i, t
		return in
	}
	promising := func(d time.Duration) *registry.Term {
		t := open(7, other)
		t.OrphanAfter = d
		return t
	}
	before := observe(observation{}, seen(5, 0), nil, noon, own, now-20*time.Second)
	for _, tt := range []struct {
		rule   string
		before observation
		in     registry.Instance
		want   time.Duration // when it is an orphan, from now
		term   *registry.Term
	}{
		{"first sight", observation{}, seen(5, 0), 60 * time.Second, nil},
		{"the record's age counts", observation{}, seen(5, 2*time.Second), 58 * time.Second, nil},
		{"the age counts for no more than B", observation{}, seen(5, time.Hour), 57 * time.Second, nil},
		{"a heartbeat of the future counts as new", observation{}, seen(5, -time.Hour), 60 * time.Second, nil},
		{"the same beat stands", before, seen(5, 20*time.Second), 40 * time.Second, nil},
		{"the same beat stands whatever its date", before, seen(5, 0), 40 * time.Second, nil},
		{"a newer beat", before, seen(6, 0), 60 * time.Second, nil},
		{"a lower beat is another one", before, seen(4, 0), 60 * time.Second, nil},
		{"T and B are the record's", observation{}, with(seen(5, time.Hour), 5*time.Second, 200*time.Second), 190 * time.Second, nil},
		{"a stretched I does not stretch B", observation{}, with(seen(5, time.Hour), 8*time.Second, 60*time.Second), 57 * time.Second, nil},
		{"no promise: never before my own T, no back-dating", observation{}, with(seen(5, time.Hour), 0, 0), 60 * time.Second, nil},
		{"impossible T", observation{}, with(seen(5, time.Hour), time.Second, time.Second), 60 * time.Second, nil},
		{"impossible I, long T", observation{}, with(seen(5, time.Hour), -time.Second, 300*time.Second), 300 * time.Second, nil},
		{"T beyond reason", observation{}, with(seen(5, time.Hour), time.Second, 1<<62), registry.MaxOrphanAfter, nil},
		{"the term's T is longer than the record's", observation{}, seen(5, 2*time.Second), 298 * time.Second, promising(300 * time.Second)},
		{"the record lost its promise, the term has it", observation{}, with(seen(5, time.Hour), 0, 0), 300 * time.Second, promising(300 * time.Second)},
		{"the record's T is longer than the term's", observation{}, with(seen(5, 0), time.Second, 200*time.Second), 200 * time.Second, promising(time.Minute)},
		{"my own T is the longest", observation{}, with(seen(5, 0), time.Second, 30*time.Second), 60 * time.Second, promising(30 * time.Second)},
		{"the term's T beyond reason", observation{}, seen(5, 0), registry.MaxOrphanAfter, promising(1 << 62)},
		{"the same beat with a shortened T", before, with(seen(5, 0), time.Second, 20*time.Second), 40 * time.Second, nil},
		{"the same beat with a longer T", before, with(seen(5, 0), time.Second, 90*time.Second), 70 * time.Second, nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			got := observe(tt.before, tt.in, tt.term, noon, own, now).orphanAt() - now
			if got != tt.want {
				t.Errorf("an orphan in %v, want %v", got, tt.want)
			}
		})
	}
}

func TestObservation_MissingHolderIsSilentSinceItWasFirstMissed(t *testing.T) {
	own := registry.DefaultTiming
	term := *open(7, other)
	term.OrphanAfter = 2 * time.Minute
	before := observe(observation{}, registry.Instance{ID: other, Beat: 5, Heartbeat: noon, Interval: time.Second, OrphanAfter: 2 * time.Minute}, nil, noon, own, now-time.Minute)
	missed := observeMissing(before, term, own, now)
	if got := missed.orphanAt() - now; got != 2*time.Minute {
		t.Errorf("an orphan in %v, want the term's two minutes", got)
	}
	again := observeMissing(missed, term, own, now+30*time.Second)
	if again != missed {
		t.Errorf("noted %+v and then %+v", missed, again)
	}
	term.OrphanAfter = -1
	if got := observeMissing(observation{}, term, own, now).orphanAt() - now; got != time.Minute {
		t.Errorf("without a promise an orphan in %v, want my own minute", got)
	}
}

func TestObservation_AfterAGapGrantsTheMargin(t *testing.T) {
	own := registry.DefaultTiming // M = 9 s
	s := observation{id: other, beat: 5, since: now - 59*time.Second, promise: own, silence: own.OrphanAfter}
	if got := s.afterGap(now).orphanAt() - now; got != 9*time.Second {
		t.Errorf("after a gap an orphan in %v, want 9 s", got)
	}
	s.since = now - 20*time.Second
	if got := s.afterGap(now).orphanAt() - now; got != 40*time.Second {
		t.Errorf("after a gap an orphan in %v, want 40 s", got)
	}
}

func TestObservation_MissingHolderBlocksNoLongerThanTheLongestT(t *testing.T) {
	term := *open(7, other)
	term.OrphanAfter = 10 * 365 * 24 * time.Hour
	if got := observeMissing(observation{}, term, registry.DefaultTiming, now).orphanAt() - now; got != registry.MaxOrphanAfter {
		t.Errorf("an orphan in %v, want %v", got, registry.MaxOrphanAfter)
	}
}

// The age of a record is counted by the registry's clock of now, not by that of this
// instance's latest beat, which may be an interval old.
func TestMachine_TakesOverTAfterTheLastBeat(t *testing.T) {
	timing := registry.DefaultTiming
	for _, age := range []time.Duration{0, timing.Interval / 4, timing.Interval / 2, timing.Interval * 7 / 8} {
		t.Run(fmt.Sprintf("read %v after the beat", age), func(t *testing.T) {
			p, holder := newPassive(t, timing, timing.Interval)
			p.reg.everybody = true
			p.beating(10*timing.Interval, timing.Interval, holder)
			p.tell(watching{p.m.bell.number, true})
			p.run(p.m.registration.nextBeat + timing.Interval/16 - p.now)
			p.beat(holder)
			last := p.now
			p.run(age)
			p.tell(woken{})
			p.run(timing.OrphanAfter + 2*timing.Interval)
			begun := p.requests(kindBeginTerm)
			if len(begun) != 1 {
				t.Fatalf("%d terms were begun", len(begun))
			}
			if late := begun[0] - last - timing.OrphanAfter; late < 0 || late > timing.Interval/100 {
				t.Errorf("took over %v later than T after the last beat", late)
			}
		})
	}
}
