package heartbeat

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// Each member of a large group searches once for its place when all are started at once, and
// the active one searches a few times a second when all others are stopped at once.
func TestMember_StartOfALargeGroupCostsOneSearchEach(t *testing.T) {
	const size = 300
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		var searches, beats, marks atomic.Int64
		s.reg.set(func(k kind, _ registry.Instance) fate {
			switch k {
			case kindCandidate:
				searches.Add(1)
			case kindBeat:
				beats.Add(1)
			case kindMark:
				marks.Add(1)
			}
			return fine
		})
		members := []*testMember{s.joinFirst()}
		time.Sleep(2 * timing.Slack())
		before := searches.Load()
		for range size - 1 {
			members = append(members, s.join())
		}
		time.Sleep(timing.Interval - time.Nanosecond)
		synctest.Wait()
		if n := searches.Load() - before; n < size-1 || n > size+wakesPerSpan {
			t.Errorf("%d searches in the first interval after the start of %d, want one for each and a few more at most", n, size-1)
		}
		if n := beats.Load(); n > 2*size {
			t.Errorf("%d beats in the first interval after the start of %d", n, size-1)
		}
		time.Sleep(2 * searchEvery(timing))
		if n := marks.Load(); n == 0 || n > size/10 {
			t.Errorf("%d marks, want a few", n)
		}
		before = searches.Load()
		begun := time.Now()
		s.leaveAll(members[1:]...)
		time.Sleep(timing.Interval - time.Since(begun))
		synctest.Wait()
		if n := searches.Load() - before; n > 2*wakesPerSpan {
			t.Errorf("%d searches in the interval in which %d leave, want %d at most", n, size-1, 2*wakesPerSpan)
		}
		s.leaveAll(members[0])
	})
}

// One hand-over in a large group costs a few reads more than the group has anyway, and not
// some for each member. (Measured before there was a bell: 999 searches for the senior and
// 2,999 views in five seconds.)
func TestMember_HandoverInALargeGroupCostsFewReads(t *testing.T) {
	const size = 300
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		var reads atomic.Int64
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindView || k == kindCandidate || k == kindClaimant {
				reads.Add(1)
			}
			return fine
		})
		members := []*testMember{s.joinFirst()}
		for i := range size - 1 {
			members = append(members, s.join())
			if i%10 == 0 {
				time.Sleep(timing.Interval / 10)
			}
		}
		time.Sleep(2 * time.Minute)
		// Views come once per B, and searches now and then, so a span has to be compared with
		// others of its length.
		count := func(span time.Duration) int64 {
			before := reads.Load()
			time.Sleep(span)
			synctest.Wait()
			return reads.Load() - before
		}
		var most int64
		for range 2 * timing.Slack() / timing.Interval {
			most = max(most, count(timing.Interval))
		}
		if each := float64(most) / size / timing.Interval.Seconds(); each > 0.5 {
			t.Errorf("%.2f reads per instance and second while nothing happens, want about one per B", each)
		}
		members[0].leave()
		begun := time.Now()
		s.until(timing.Interval/2, "the next one works", func() bool { return members[1].works() == 2 })
		took := time.Since(begun)
		first := count(timing.Interval - took)
		t.Logf("%d reads in the first interval, %d at most in others", first, most)
		if first > most+20 {
			t.Errorf("%d reads in the first interval after a hand-over, and %d at most in others: want a few more at most", first, most)
		}
		s.leaveAll(members...)
	})
}
