package heartbeat

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// failRequests returns a rule by which requests of some kinds fail at once.
func failRequests(kinds ...kind) func(kind, registry.Instance) fate {
	return func(k kind, _ registry.Instance) fate {
		for _, bad := range kinds {
			if k == bad {
				return broke
			}
		}
		return fine
	}
}

func TestMember_WorkDoneOutlastsAShortOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join()
		time.Sleep(3 * time.Second)
		s.reg.set(func(kind, registry.Instance) fate { return broke })
		a.result <- nil
		time.Sleep(8 * time.Second)
		s.reg.set(nil)
		<-a.done
		<-b.done // it leaves too, and does not do the work again
		if len(s.reg.terms) != 1 || s.reg.terms[0].End.Reason != registry.WorkDone {
			t.Errorf("terms %+v", s.reg.terms)
		}
	})
}

func TestMember_StopsInTimeAlthoughTheWorkIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(func(kind, registry.Instance) fate { return hung })
		a.result <- nil
		time.Sleep(10 * time.Second)
		begin := time.Now()
		a.leave()
		<-a.done
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("leaving took %v", took)
		}
	})
}

// unwatched is a registry that cannot announce changes.
type unwatched struct{ registry.Registry }

func (unwatched) Watch(context.Context, string) (<-chan registry.Notice, error) {
	return nil, registry.ErrNoWatch
}

func TestMember_WorkShorterThanAnIntervalIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		poll := func(c *Config) { c.Registry = unwatched{s.reg} }
		a := s.joinFirst(poll)
		b := s.join(poll)
		time.Sleep(300 * time.Millisecond)
		c := s.join(poll)
		time.Sleep(3 * time.Second)
		a.leave()
		<-a.done
		next, last := b, c
		s.until(5*time.Second, "a peer works", func() bool {
			if c.works() == 2 {
				next, last = c, b
			}
			return next.works() == 2
		})
		next.result <- nil
		<-next.done
		<-last.done
		if len(s.reg.terms) != 2 {
			t.Errorf("the job took %d terms, want 2", len(s.reg.terms))
		}
	})
}

func TestMember_RegistersAnewAlthoughTheOldTermCannotBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(failRequests(kindEndTerm))
		_ = s.reg.store.Unregister(t.Context(), a.Instance())
		s.until(3*time.Minute, "works again", func() bool { return a.works() == 2 })
		s.reg.set(nil)
		s.leaveAll(a)
	})
}

func TestMember_PeersNeedNotWaitOnceALongOutageIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join()
		time.Sleep(3 * time.Second)
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindBeat {
				return lost // as by a primary that has lost its majority
			}
			return broke
		})
		time.Sleep(5 * time.Minute)
		s.reg.set(nil)
		s.until(10*time.Second, "one works again", func() bool { return a.works()+b.works() == 2 })
		if got := s.reg.terms[0].End.Reason; got != registry.LeaseLost {
			t.Errorf("term 1 ended for %q", got)
		}
		s.leaveAll(a, b)
	})
}

func TestMember_ViewsGoOnAlthoughTheOrphansTermCannotBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		_ = s.reg.store.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: uuid.New(), OrphanAfter: time.Minute})
		s.reg.set(failRequests(kindEndTerm))
		a := s.join()
		s.until(2*time.Minute, "takes over from a holder that is not there", func() bool { return a.works() == 2 })
		b := s.join()
		time.Sleep(10 * time.Second)
		s.reg.requestHandover(2, b.Instance())
		s.until(10*time.Second, "hears of the handover", func() bool { return a.works() == 0 })
		s.reg.set(nil)
		s.until(10*time.Second, "the target works", func() bool { return b.works() == 3 })
		s.until(time.Minute, "the orphan's term is closed after all", func() bool { return !s.reg.terms[0].Open() })
		s.leaveAll(a, b)
	})
}

func TestMember_FailingWorkIsNotRestartedWithoutPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.join()
		starts := 0
		go func() {
			for {
				select {
				case a.result <- ErrWorkFailing:
					starts++
				case <-a.done:
					return
				}
			}
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if starts < 2 || starts > 12 {
			t.Errorf("started %d times in ten seconds", starts)
		}
		s.leaveAll(a)
	})
}

func TestMember_OneStandbyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		var mu sync.Mutex
		standing, most := 0, 0
		b := s.join(func(c *Config) {
			c.Standby = func(ctx context.Context) {
				mu.Lock()
				standing++
				most = max(most, standing)
				mu.Unlock()
				<-ctx.Done()
				time.Sleep(8 * time.Second) // within the stop grace
				mu.Lock()
				standing--
				mu.Unlock()
			}
		})
		time.Sleep(3 * time.Second)
		s.leaveAll(a)
		s.until(5*time.Second, "holds the term", func() bool { return s.reg.latest().Number == 2 })
		s.reg.requestHandover(2, uuid.Nil)
		s.until(30*time.Second, "stepped down", func() bool { return !s.reg.latest().Open() })
		s.until(2*time.Minute, "works", func() bool { return b.works() == 3 })
		mu.Lock()
		defer mu.Unlock()
		if most != 1 {
			t.Errorf("%d passive sides at once", most)
		}
		go s.leaveAll(b)
		<-b.done
	})
}

func TestMember_LogsFailingRequestsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(failRequests(kindView))
		time.Sleep(time.Minute)
		s.reg.set(nil)
		time.Sleep(5 * time.Second)
		for _, text := range []string{"registry does not answer", "registry answers again"} {
			if n := strings.Count(a.log.String(), text); n != 1 {
				t.Errorf("%q was logged %d times in a minute of failing views", text, n)
			}
		}
		s.leaveAll(a)
	})
}

func TestMember_LostLeaseIsNotRevivedByLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		s.ignoring = true
		a := s.join(underGuard(new(fakeGuard)))
		s.until(time.Second, "works", func() bool { return a.works() == 1 })
		first := a.Instance()
		s.reg.set(func(kind, registry.Instance) fate { return hung })
		s.until(time.Minute, "the work is told to stop", func() bool { return strings.Contains(a.log.String(), "lease not renewed") })
		s.reg.set(nil)
		a.leave()
		beat := func() int64 {
			s.reg.store.mu.Lock()
			defer s.reg.store.mu.Unlock()
			return s.reg.instances[first].Beat
		}
		before := beat()
		time.Sleep(5 * time.Second)
		after := beat()
		if after != before {
			t.Errorf("beats on under the lost lease: %d and then %d", before, after)
		}
		close(a.release)
		<-a.done
	})
}
