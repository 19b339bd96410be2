package heartbeat

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// hangs returns a rule by which requests of a kind are never answered.
func hangs(bad kind) func(kind, registry.Instance) fate {
	return func(k kind, _ registry.Instance) fate {
		if k == bad {
			return hung
		}
		return fine
	}
}

func TestMember_HungSearchForSilentInstancesDoesNotDelayAHandover(t *testing.T) {
	i := registry.DefaultTiming.Interval
	for offset := time.Duration(0); offset < 4*i; offset += i / 2 {
		synctest.Test(t, func(t *testing.T) {
			s := newScenario(t)
			a := s.joinFirst(func(c *Config) { c.Registry = unwatched{s.reg} })
			b := s.join()
			s.reg.set(hangs(kindSilent))
			time.Sleep(20*i + offset)
			s.reg.requestHandover(1, b.Instance())
			took := s.until(2*i+i/2, "the handover request is followed", func() bool { return a.works() == 0 })
			t.Logf("followed after %v", took)
			s.reg.set(nil)
			s.leaveAll(a, b)
		})
	}
}

func TestMember_HungSearchForTheSeniorDoesNotDelayATakeover(t *testing.T) {
	i := registry.DefaultTiming.Interval
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join()
		time.Sleep(registry.DefaultTiming.Slack() + 2*i) // b listens
		s.reg.set(hangs(kindCandidate))
		a.leave()
		took := s.until(2*i+i/2, "takes over", func() bool { return b.works() == 2 })
		t.Logf("took over after %v", took)
		s.leaveAll(b)
	})
}
