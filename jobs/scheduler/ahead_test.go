package scheduler

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// endAll ends every attempt that runs.
func (r *rig) endAll() {
	for _, x := range append([]*run(nil), r.m.list...) {
		if x.phase == running {
			r.do(attemptEnded{key: x.record.Key, end: ending{end: store.AttemptCompleted}})
		}
	}
}

// A long queue of a job is not read again for each of its runs.
func TestAhead_ALongQueueIsReadInPages(t *testing.T) {
	const many = 320
	r := newRig(t, 16, jobs.Definition{Name: "a", Overlap: jobs.OverlapQueue}, jobs.Definition{Name: "b", Overlap: jobs.OverlapSkip})
	for _, job := range []string{"a", "b"} {
		for n := range many {
			r.put(store.Run{Key: store.Key{Job: job, Run: fmt.Sprintf("k:%03d", n)}, State: store.Waiting})
		}
	}
	r.begin()
	for n := range many {
		if len(r.starts) != 2*n+2 {
			t.Fatalf("after %d rounds %d runs have started, want two in each", n, len(r.starts))
		}
		r.endAll()
	}
	if most := 2*many/10 + 10; r.sent[kindDue] > most {
		t.Errorf("%d runs took %d readings, want %d at most", 2*many, r.sent[kindDue], most)
	}
}

// queueRig has a rig with a run of the job q that runs, and a page of others that wait.
func queueRig(t *testing.T, maxRuns int, others ...jobs.Definition) *rig {
	r := newRig(t, maxRuns, append(others, jobs.Definition{Name: "q", Overlap: jobs.OverlapQueue})...)
	for n := range 4 * maxRuns {
		r.put(store.Run{Key: store.Key{Job: "q", Run: fmt.Sprintf("k:%02d", n)}, State: store.Waiting})
	}
	return r
}

func TestAhead_OneThatComesDueMeanwhileGoesFirst(t *testing.T) {
	r := queueRig(t, 4)
	r.put(store.Run{Key: store.Key{Job: "q", Run: "k:urgent"}, State: store.Waiting, Priority: 9, Due: timeOf(t, "10:00:02")})
	r.begin()
	r.end("q", "k:00", store.AttemptCompleted)
	r.until("10:00:03")
	r.end("q", "k:01", store.AttemptCompleted)
	equal(t, "started", r.starts, []string{"q/k:00#1", "q/k:01#1", "q/k:urgent#1"})
}

func TestAhead_ARetryOfAnotherJobGetsTheOnlyPlace(t *testing.T) {
	at := timeOf(t, "10:00:01")
	r := queueRig(t, 3, jobs.Definition{Name: "slot1", At: at}, jobs.Definition{Name: "slot2", At: at},
		jobs.Definition{Name: "other", Retries: jobs.Retries{Max: 1, Backoff: 2 * time.Second, MaxBackoff: 2 * time.Second}})
	r.put(store.Run{Key: store.Key{Job: "other", Run: "k:1"}, State: store.Waiting, Priority: 9})
	r.begin()
	r.end("other", "k:1", store.AttemptFailed)
	r.until("10:00:03")
	r.end("q", "k:00", store.AttemptCompleted)
	equal(t, "started", r.starts, []string{"other/k:1#1", "q/k:00#1", "slot1/10:00:01#1", "slot2/10:00:01#1", "other/k:1#2"})
}

func TestAhead_APageFromBeforeANoticeIsNotKept(t *testing.T) {
	r := queueRig(t, 4)
	var asked request
	r.seen = func(q request) {
		if q.kind == kindDue && asked.kind == "" {
			asked = q
		}
	}
	r.away[kindDue] = true
	r.begin()
	page := r.store.apply(r.m.holder, asked)
	r.put(store.Run{Key: store.Key{Job: "q", Run: "k:urgent"}, State: store.Waiting, Priority: 9})
	r.do(changed{})
	r.away[kindDue] = false
	r.do(page)
	r.end("q", "k:00", store.AttemptCompleted)
	equal(t, "started", r.starts, []string{"q/k:00#1", "q/k:urgent#1"})
}

// One that somebody cancelled, of which no notice came, is not started.
func TestAhead_OneThatIsCancelledIsLeftOut(t *testing.T) {
	r := queueRig(t, 4).begin()
	r.store.cancel(store.Key{Group: "g", Job: "q", Run: "k:01"}, r.world.epoch)
	r.end("q", "k:00", store.AttemptCompleted)
	equal(t, "started", r.starts, []string{"q/k:00#1", "q/k:02#1"})
	if got := r.stored("q", "k:01"); got != "cancelled" {
		t.Errorf("it is %s", got)
	}
}

// Whatever becomes of the queue while a run of it is processed, the next one is the first of
// it then.
func TestAhead_TheOrderIsThatOfTheQueue(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 1))
		maxRuns := 1 + random.IntN(4)
		names := []string{"a", "b", "c"}
		r := newRig(t, maxRuns, jobs.Definition{Name: "a", Overlap: jobs.OverlapQueue, Schedules: []string{"@every 1m"}, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 1000}},
			jobs.Definition{Name: "b", Overlap: jobs.OverlapReplace}, jobs.Definition{Name: "c", Then: []jobs.Then{{Job: "b", On: jobs.OnAlways}}})
		r.seen = func(q request) {
			if q.kind != kindUpdate || q.runs[0].State != store.Processing || r.store.runs[q.runs[0].Key].State != store.Waiting {
				return
			}
			claimed, now := r.store.runs[q.runs[0].Key], r.world.epoch.Add(r.now)
			for k := range r.store.open {
				other := r.store.runs[k]
				if other.State != store.Waiting || other.Due.After(now) || other.Trigger == store.ByRun && other.At.Equal(now) || k.Job != claimed.Job && maxRuns > 1 || inQueue(&other, &claimed) >= 0 {
					continue
				}
				t.Fatalf("seed %d, %v: %s is claimed, and %s comes before it", seed, r.now, claimed.Key, k)
			}
		}
		r.begin()
		submitted := 0
		for range 40 {
			switch random.IntN(6) {
			case 0, 1:
				for range 1 + random.IntN(40) {
					submitted++
					at := r.world.epoch.Add(r.now)
					if random.IntN(4) == 0 {
						at = at.Add(time.Duration(random.IntN(60)) * time.Second)
					}
					r.store.submit(names[random.IntN(3)], submitted, random.IntN(3), at)
				}
				r.do(changed{})
			case 2: // nobody is told
				if list := r.store.list(func(x store.Run) bool { return x.State == store.Waiting }); len(list) > 0 {
					r.store.cancel(list[random.IntN(len(list))].Key, r.world.epoch.Add(r.now))
				}
			case 3:
				r.until(r.world.epoch.Add(r.now + time.Duration(random.IntN(20_000))*time.Millisecond).Format("15:04:05.000"))
			default:
				r.endAll()
				r.until(r.world.epoch.Add(r.now + 300*time.Millisecond).Format("15:04:05.000"))
			}
		}
		for n := 0; n < 4*(submitted+20) && len(r.store.list(func(x store.Run) bool { return !x.State.Ended() })) > 0; n++ {
			r.endAll()
			r.until(r.world.epoch.Add(r.now + 300*time.Millisecond).Format("15:04:05.000"))
		}
		for k := range r.store.open {
			if x := r.store.runs[k]; x.State == store.Waiting && x.Due.Before(r.world.epoch.Add(r.now-time.Minute)) {
				t.Fatalf("seed %d: %s still waits", seed, k)
			}
		}
	}
}
