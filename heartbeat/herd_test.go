package heartbeat

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
)

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
