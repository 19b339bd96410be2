package heartbeat

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// deafStandby is a passive side that returns only when it is released.
func deafStandby(release <-chan struct{}) func(*Config) {
	return func(c *Config) { c.Standby = func(context.Context) { <-release } }
}

func TestStandbyThatDoesNotReturnLeavesTheWorkToAPeer(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		s := newStage(t)
		a := s.joinFirst()
		var told told
		b := s.join(deafStandby(release), told.listen)
		time.Sleep(3 * time.Second)
		c := s.join()
		time.Sleep(3 * time.Second)
		s.leaveAll(a)
		s.until(time.Second, "holds the term", func() bool { return s.reg.latest().Number == 2 })
		s.always(timing.StopGrace-time.Second, "the grace", func() bool { return b.works() == 0 && b.Term() == 0 && c.works() == 0 })
		s.until(3*time.Second, "a peer works", func() bool { return c.works() == 3 })
		if got := s.reg.term(2).End.Reason; got != registry.NotReady {
			t.Errorf("term 2 ended for %q", got)
		}
		if strings.Contains(b.log.String(), "active in term") || len(told.all()) > 0 {
			t.Errorf("told of %v, although no work ran:\n%s", told.all(), b.log)
		}
		s.until(timing.StopGrace+time.Second, "Run has returned", func() bool { return gone(b) })
		if !errors.Is(b.err, ErrStandby) {
			t.Errorf("ended with %v", b.err)
		}
		s.leaveAll(c)
	})
}

func TestStandbyThatDoesNotReturnDoesNotKeepTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		s := newStage(t)
		a := s.joinFirst()
		b := s.join(deafStandby(release))
		time.Sleep(3 * time.Second)
		b.leave()
		s.until(registry.DefaultTiming.StopGrace+time.Second, "Run has returned", func() bool { return gone(b) })
		if !errors.Is(b.err, ErrStandby) {
			t.Errorf("ended with %v", b.err)
		}
		s.leaveAll(a)
	})
}
