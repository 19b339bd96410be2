package heartbeat

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// A right is taken away while the instance runs. The instance works until its lease is
// over, and ends then. An outage would not end it.
func TestMember_RefusedInstanceEndsOnceItsLeaseIsLost(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		how  string
		fate fate
		ends bool
	}{{"refused", refused, true}, {"not reached", broke, false}} {
		t.Run(tt.how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScenario(t)
				a := s.joinFirst()
				b := s.join()
				time.Sleep(3 * timing.Interval)
				s.reg.set(func(kind, registry.Instance) fate { return tt.fate })
				s.always(timing.Lease()-timing.StopGrace-2*timing.Interval, "works on", func() bool { return a.works() == 1 && !gone(b) })
				for end := time.Now().Add(2 * timing.OrphanAfter); time.Now().Before(end) && !(gone(a) && gone(b)); {
					time.Sleep(timing.Interval)
				}
				for _, a := range []*testMember{a, b} {
					if gone(a) != tt.ends || tt.ends && !errors.Is(a.err, registry.ErrRefused) {
						t.Errorf("ended: %v, with %v", gone(a), a.err)
					}
				}
				s.reg.set(nil)
				s.leaveAll(a, b)
			})
		})
	}
}

func TestMember_RefusedRegistrationIsNoUnreachableRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		s.reg.set(func(kind, registry.Instance) fate { return refused })
		a := s.join(func(c *Config) { c.JoinTimeout = 10 * time.Second })
		s.until(15*time.Second, "Run has returned", func() bool { return gone(a) })
		if !errors.Is(a.err, registry.ErrRefused) || errors.Is(a.err, ErrUnreachable) {
			t.Errorf("ended with %v", a.err)
		}
		s.leaveAll(a)
	})
}
