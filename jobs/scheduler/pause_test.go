package scheduler

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// pausedRig returns a rig with a job of a slot at each second, paused for 1,000 of them.
func pausedRig(t *testing.T, resumed string) *rig {
	d := jobs.Definition{Name: "j", Schedules: []string{"@every 1s"}, Missed: jobs.Missed{Policy: jobs.MissedAll}}
	r := newRig(t, 4, d)
	r.store.jobs["j"] = store.Job{Name: "j", Mark: timeOf(t, "09:43:20"), Hash: d.Hash(), Term: 6, Revision: 1, Resumed: timeOf(t, resumed)}
	return r
}

func TestResume_SlotsOfThePauseAreOneRecordAndTheNextOneRuns(t *testing.T) {
	r := pausedRig(t, "10:00:00").begin()
	r.until("10:00:01")
	equal(t, "started", r.starts, []string{"j/10:00:01#1"})
	if len(r.store.runs) != 2 {
		t.Errorf("%d records, want 2", len(r.store.runs))
	}
	k := store.Key{Group: "g", Job: "j", Run: store.SlotID(timeOf(t, "10:00:00"))}
	want := "1000 slots from 2027-01-01T09:43:21Z to 2027-01-01T10:00:00Z, while the job was paused"
	if x := r.store.runs[k]; x.State != store.Skipped || x.Remark != want {
		t.Errorf("%s: %q, want %q", x.State, x.Remark, want)
	}
}

func TestResume_APauseStopsSlotsAndPeopleCanStillTrigger(t *testing.T) {
	r := newRig(t, 4, jobs.Definition{Name: "j", Schedules: []string{"* * * * *"}}).begin()
	r.until("10:00:30")
	r.store.pause("j", r.world.registryTime())
	r.until("10:05:10")
	r.store.submit("j", 1, 0, r.world.registryTime())
	r.until("10:05:20")
	equal(t, "started", r.starts, []string{"j/k:1#1"})
	r.end("j", "k:1", store.AttemptCompleted)
	r.store.pause("j", r.world.registryTime())
	r.until("10:06:01")
	equal(t, "started", r.starts, []string{"j/k:1#1", "j/10:06:00#1"})
}

// A resume that was written while the registry's clock was ahead skips nothing.
func TestResume_AheadOfTheClockIsIgnored(t *testing.T) {
	r := pausedRig(t, "10:30:00")
	j := r.store.jobs["j"]
	j.Mark = timeOf(t, "10:00:00")
	r.store.jobs["j"] = j
	r.begin()
	r.until("10:00:02")
	equal(t, "started", r.starts[:1], []string{"j/10:00:01#1"})
}

func TestClock_AMarkAheadIsPulledBack(t *testing.T) {
	d := jobs.Definition{Name: "j", Schedules: []string{"* * * * *"}}
	r := newRig(t, 4, d)
	r.store.jobs["j"] = store.Job{Name: "j", Mark: timeOf(t, "11:00:00"), Hash: d.Hash(), Term: 6, Revision: 1}
	early := r.put(store.Run{Key: store.Key{Job: "j", Run: store.SlotID(timeOf(t, "10:01:00"))}, Slot: timeOf(t, "10:01:00"), State: store.Completed})
	r.begin()
	equal(t, "facts", r.notes, []fact{factMarkAhead})
	r.until("10:02:01")
	equal(t, "started", r.starts, []string{"j/10:02:00#1"}) // that of 10:01 ran early
	if r.store.runs[early].State != store.Completed {
		t.Error("the run that was early was changed")
	}
}

func TestClock(t *testing.T) {
	const s = time.Second
	base := time.Date(2027, 1, 1, 10, 0, 0, 0, time.UTC)
	known := func() *clock {
		c := &clock{}
		c.beat(beat{base, 0, 0})
		return c
	}
	t.Run("an answer that took long moves nothing", func(t *testing.T) {
		c := known()
		c.beat(beat{base.Add(9 * s), 5 * s, 15 * s})
		if got := c.at(20 * s); !got.Equal(base.Add(20 * s)) {
			t.Errorf("%v", got)
		}
	})
	t.Run("no slot starts early because of a slow first answer", func(t *testing.T) {
		c := &clock{}
		c.beat(beat{base.Add(9 * s), 0, 10 * s})
		if got := c.at(10 * s); got.After(base.Add(9 * s)) {
			t.Errorf("%v", got)
		}
	})
	t.Run("a small step is followed at once", func(t *testing.T) {
		c := known()
		c.beat(beat{base.Add(40 * s), 10 * s, 10 * s})
		if got := c.at(10 * s); !got.Equal(base.Add(40*s)) || !c.settled() {
			t.Errorf("%v, settled %v", got, c.settled())
		}
	})
	for _, step := range []time.Duration{-time.Hour, time.Hour} {
		c, followed := known(), 0
		for n := 1; followed == 0 && n < 100; n++ {
			local := time.Duration(n) * s
			if by, ok := c.beat(beat{base.Add(local + step), local, local}); ok {
				followed = n
				if by != step {
					t.Errorf("step %v, want %v", by, step)
				}
			} else if c.settled() {
				t.Fatalf("settled after %d beats that disagree", n)
			}
		}
		if followed != agreeingBeats || !c.settled() {
			t.Errorf("a step of %v is followed after %d beats", step, followed)
		}
	}
	t.Run("one beat that disagrees changes nothing", func(t *testing.T) {
		c := known()
		c.beat(beat{base.Add(time.Hour), s, s})
		c.beat(beat{base.Add(2 * s), 2 * s, 2 * s})
		if got := c.at(2 * s); !got.Equal(base.Add(2*s)) || !c.settled() {
			t.Errorf("%v", got)
		}
	})
}
