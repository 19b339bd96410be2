package heartbeat

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestMember_OneWorksAndAPeerTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.join()
		s.until(time.Second, "the first works", func() bool { return a.works() == 1 })
		b := s.join()
		s.until(time.Second, "the second is there", func() bool { return b.Instance() != uuid.Nil })
		c := s.join()
		s.always(10*time.Second, "the first works alone", func() bool { return a.works() == 1 && b.works() == 0 && c.works() == 0 })

		a.leave()
		took := s.until(time.Second, "the senior peer works", func() bool { return b.works() == 2 })
		t.Logf("graceful takeover in %v", took)
		if <-a.done; a.err != nil {
			t.Errorf("left with %v", a.err)
		}
		s.always(5*time.Second, "one works", func() bool { return b.works() == 2 && c.works() == 0 })
		if got := s.reg.terms[0].End.Reason; got != registry.Stopped {
			t.Errorf("term 1 ended for %q", got)
		}
		s.leaveAll(c, b)
		if len(s.reg.instances) != 0 {
			t.Errorf("records left behind: %v", s.reg.instances)
		}
	})
}

func TestMember_HungRegistryStopsTheWorkBeforeAPeerMayStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join()
		first := a.Instance()
		time.Sleep(5 * time.Second)
		s.reg.set(func(k kind, in registry.Instance) fate {
			if in.ID == first || k == kindView || k == kindRegister {
				return hung
			}
			return fine
		})
		took := s.until(time.Minute, "the work stops", func() bool { return a.works() == 0 })
		timing := registry.DefaultTiming
		if least := timing.Lease() - timing.StopGrace - timing.Interval; took < least-100*time.Millisecond {
			t.Errorf("stopped after %v, the lease allows %v", took, least)
		}
		if !errors.Is(a.stopped(), ErrLeaseLost) {
			t.Errorf("stopped because of %v", a.stopped())
		}
		s.reg.set(func(k kind, in registry.Instance) fate {
			if in.ID == first {
				return hung
			}
			return fine
		})
		// It may first see the last beat once its views are answered again.
		patience := timing.OrphanAfter + timing.CallTimeout() + 5*timing.Interval
		s.until(patience, "the peer works", func() bool { return b.works() == 2 })
		s.reg.set(nil)
		s.until(30*time.Second, "the old one is back under another UUID", func() bool {
			id := a.Instance()
			return id != first && id != uuid.Nil
		})
		s.always(10*time.Second, "one works", func() bool { return a.works() == 0 && b.works() == 2 })
		s.leaveAll(a, b)
	})
}

func TestMember_SlowAckDoesNotExtendLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindBeat {
				return slow
			}
			return fine
		})
		s.always(time.Minute, "works with slow answers", func() bool { return a.works() == 1 })
		// From some beat on there is no answer; the last one that was answered
		// was sent eight seconds before its answer came.
		var sent atomic.Pointer[time.Time]
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k != kindBeat {
				return fine
			}
			if now := time.Now(); sent.CompareAndSwap(nil, &now) {
				return slow
			}
			return hung
		})
		s.until(2*time.Minute, "the work stops", func() bool { return a.works() != 1 })
		timing := registry.DefaultTiming
		least := timing.Lease() - timing.StopGrace
		if took := time.Since(*sent.Load()); took < least || took > least+time.Second {
			t.Errorf("stopped %v after the last answered beat was sent, want %v", took, least)
		}
		s.reg.set(nil)
		s.leaveAll(a)
	})
}

func TestMember_ALostAnswerDoesNoHarm(t *testing.T) {
	for _, k := range []kind{kindRegister, kindBeginTerm, kindEndTerm, kindUnregister} {
		t.Run(string(k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScenario(t)
				times := 0
				s.reg.set(func(got kind, _ registry.Instance) fate {
					if got == k && times == 0 {
						times++
						return lost
					}
					return fine
				})
				a := s.join()
				s.until(5*time.Second, "works in term 1", func() bool { return a.works() == 1 })
				b := s.join()
				s.always(3*time.Second, "one works", func() bool { return a.works() == 1 && b.works() == 0 })
				a.leave()
				s.until(5*time.Second, "the peer works in term 2", func() bool { return b.works() == 2 })
				s.leaveAll(a, b)
				if times != 1 {
					t.Errorf("%d answers were lost", times)
				}
			})
		})
	}
}

func TestMember_DeletedRegistrationStopsTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		first := a.Instance()
		_ = s.reg.store.Unregister(t.Context(), first)
		s.until(2*time.Second, "the work stops", func() bool { return a.works() != 1 })
		if !errors.Is(a.stopped(), ErrTermOver) {
			t.Errorf("stopped because of %v", a.stopped())
		}
		if im, ok := a.stopped().(interface{ Immediate() bool }); !ok || !im.Immediate() {
			t.Errorf("the work was asked, not killed: %v", a.stopped())
		}
		s.until(5*time.Second, "works again", func() bool { return a.works() == 2 })
		if a.Instance() == first {
			t.Error("same UUID after deletion")
		}
		if got := s.reg.terms[0].End.Reason; got != registry.Unregistered {
			t.Errorf("term 1 ended for %q", got)
		}
		s.leaveAll(a)
	})
}

func TestMember_HandsOverToTheTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a, b := s.join(), s.join()
		s.until(5*time.Second, "works", func() bool { return a.works()+b.works() == 1 })
		if b.works() == 1 {
			a, b = b, a
		}
		c := s.join()
		time.Sleep(2 * time.Second)
		s.reg.requestHandover(1, c.Instance())
		// The target comes after b, so it does not listen. It has the time to notice the
		// request, and until then the work goes on.
		s.until(noticeTime(registry.DefaultTiming)+time.Second, "it steps down", func() bool { return a.works() == 0 })
		s.until(500*time.Millisecond, "the target works", func() bool { return c.works() == 2 })
		if !errors.Is(a.stopped(), ErrHandedOver) {
			t.Errorf("stopped because of %v", a.stopped())
		}
		s.always(2*time.Minute, "it stays there", func() bool { return a.works() == 0 && b.works() == 0 && c.works() == 2 })
		s.leaveAll(a, b, c)
	})
}

func TestMember_WorksAgainAfterTIfNobodyElseIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.requestHandover(1, uuid.Nil)
		s.until(2*time.Second, "steps down", func() bool { return a.works() == 0 })
		took := s.until(2*time.Minute, "works again", func() bool { return a.works() == 2 })
		if took < 55*time.Second {
			t.Errorf("competed again after %v", took)
		}
		s.leaveAll(a)
	})
}

func TestMember_IgnoresAnExpiredHandoverRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindView {
				return broke
			}
			return fine
		})
		s.reg.requestHandover(1, uuid.Nil)
		time.Sleep(registry.DefaultTiming.RequestLife() + 5*time.Second)
		s.reg.set(nil)
		s.always(time.Minute, "works on", func() bool { return a.works() == 1 })
		s.leaveAll(a)
	})
}

// The age of the request counts at the time of the view, not of the latest beat: an
// instance that was frozen, or cut off, may view the group before it beats.
func TestMember_IgnoresAHandoverRequestThatExpiredBeforeItWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(func(kind, registry.Instance) fate { return broke })
		time.Sleep(time.Second)
		s.reg.requestHandover(1, uuid.Nil)
		time.Sleep(registry.DefaultTiming.RequestLife() + 5*time.Second)
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindBeat {
				return broke
			}
			return fine
		})
		s.always(5*time.Second, "works on", func() bool { return a.works() == 1 })
		s.reg.set(nil)
		s.always(time.Minute, "works on", func() bool { return a.works() == 1 })
		s.leaveAll(a)
	})
}

// The holder may be asked to hand over before it has seen that the term is its own.
func TestMember_FollowsAHandoverRequestFromBeforeTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		var begun atomic.Bool
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindBeginTerm {
				begun.Store(true)
			}
			if k == kindView && begun.Load() {
				return broke
			}
			return fine
		})
		a := s.join()
		s.until(5*time.Second, "the term begins", begun.Load)
		s.reg.requestHandover(1, uuid.Nil)
		s.reg.set(nil)
		s.until(5*time.Second, "asked", func() bool { return strings.Contains(a.log.String(), "asked to hand over") })
		s.leaveAll(a)
	})
}

func TestMember_IgnoresAHandoverRequestOfTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.store.mu.Lock()
		s.reg.terms[0].Handover = &registry.Handover{At: time.Now().Add(time.Hour)}
		s.reg.store.mu.Unlock()
		s.always(2*time.Hour, "works on", func() bool { return a.works() == 1 })
		s.leaveAll(a)
	})
}

func TestMember_WorkThatWillNotStopEndsTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		s.ignoring = true
		a := s.join()
		s.until(time.Second, "works", func() bool { return a.works() == 1 })
		a.leave()
		var code int
		took := s.until(time.Minute, "the process exits", func() bool {
			select {
			case code = <-a.exited:
				return true
			default:
				return false
			}
		})
		if code != 70 || took < 9*time.Second || took > 11*time.Second {
			t.Errorf("exit code %d after %v", code, took)
		}
		<-a.done
		if !errors.Is(a.err, ErrStuck) {
			t.Errorf("ended with %v", a.err)
		}
		if !s.reg.terms[0].Open() {
			t.Error("the term was released under work that lives")
		}
	})
}

func TestMember_LeavesInTimeAlthoughTheRegistryIsUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(func(kind, registry.Instance) fate { return hung })
		begin := time.Now()
		a.leave()
		<-a.done
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("leaving took %v", took)
		}
		if a.err != nil {
			t.Errorf("left with %v", a.err)
		}
		if !strings.Contains(a.log.String(), "peers wait") {
			t.Errorf("no warning in %s", a.log)
		}
	})
}

func TestMember_WorkDoneEndsEveryoneWhoSawIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b, c := s.join(), s.join()
		time.Sleep(2 * time.Second)
		a.result <- &WorkExit{Code: 3}
		<-a.done
		var exit *WorkExit
		if !errors.As(a.err, &exit) || exit.Code != 3 {
			t.Errorf("the first ended with %v", a.err)
		}
		for _, p := range []*testMember{b, c} {
			<-p.done
			var over *WorkDoneError
			if !errors.As(p.err, &over) || over.ExitCode != 3 || over.Term != 1 {
				t.Errorf("a peer ended with %v", p.err)
			}
		}
		late := s.join()
		s.until(3*time.Second, "one that starts later begins the next term", func() bool { return late.works() == 2 })
		s.leaveAll(late)
	})
}

func TestMember_FailingWorkGoesToAPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		a.result <- ErrWorkFailing
		s.until(time.Second, "tries again for want of a peer", func() bool { return a.works() == 1 })
		b := s.join()
		time.Sleep(3 * time.Second)
		a.result <- ErrWorkFailing
		s.until(time.Second, "the peer tries", func() bool { return b.works() == 2 })
		if got := s.reg.terms[0].End.Reason; got != registry.WorkFailed {
			t.Errorf("term 1 ended for %q", got)
		}
		s.always(time.Minute, "it stays there", func() bool { return b.works() == 2 && a.works() == 0 })
		b.result <- errors.New("no way")
		<-b.done
		if b.err == nil || b.err.Error() != "no way" {
			t.Errorf("the peer ended with %v", b.err)
		}
		s.until(5*time.Second, "the first is free to work again", func() bool { return a.works() == 3 })
		s.leaveAll(a)
	})
}

func TestMember_GivesUpJoiningAfterTheJoinTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		s.reg.set(func(kind, registry.Instance) fate { return hung })
		begin := time.Now()
		a := s.join(func(c *Config) { c.JoinTimeout = 30 * time.Second })
		<-a.done
		if !errors.Is(a.err, ErrUnreachable) {
			t.Errorf("ended with %v", a.err)
		}
		if took := time.Since(begin); took > 31*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestMember_StandbyRunsWhilePassive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		var mu sync.Mutex
		standing := 0
		b := s.join(func(c *Config) {
			c.Standby = func(ctx context.Context) {
				mu.Lock()
				standing++
				mu.Unlock()
				<-ctx.Done()
				time.Sleep(time.Second) // tidies up
				mu.Lock()
				standing--
				mu.Unlock()
			}
		})
		stands := func() int { mu.Lock(); defer mu.Unlock(); return standing }
		s.until(5*time.Second, "stands by", func() bool { return stands() == 1 })
		a.leave()
		s.always(900*time.Millisecond, "the work waits for the passive side", func() bool { return b.works() == 0 })
		s.until(5*time.Second, "works", func() bool { return b.works() == 2 && stands() == 0 })
		s.reg.requestHandover(2, uuid.Nil)
		s.until(5*time.Second, "stands by again", func() bool { return b.works() == 0 && stands() == 1 })
		s.leaveAll(b)
		if stands() != 0 {
			t.Error("the passive side outlived Run")
		}
	})
}

func TestMember_LogsOnceWhomItStandsByFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join()
		time.Sleep(5 * time.Second)
		s.reg.set(func(k kind, in registry.Instance) fate {
			if in.ID == a.Instance() {
				return hung
			}
			return fine
		})
		time.Sleep(30 * time.Second)
		for text, want := range map[string]int{"standing by for host/": 1, "taking over in": 1} {
			if got := strings.Count(b.log.String(), text); got != want {
				t.Errorf("%q is in the log %d times, want %d:\n%s", text, got, want, b.log)
			}
		}
		s.reg.set(nil)
		s.leaveAll(b, a)
	})
}

func TestMachine_WorkThatReturnsAfterTheLeaseIsNotTold(t *testing.T) {
	// Nothing steps the machine from before D−G until after D, as in a freeze, and
	// the first that it hears of is that the work has returned by itself.
	for _, end := range []workGone{
		{term: 1, result: done},
		{term: 1, result: broken, err: errNetwork},
		{term: 1, result: failing, err: ErrWorkFailing},
	} {
		t.Run(string(end.result), func(t *testing.T) {
			m := newMachine(settings{self: registry.Instance{Group: "g"}, timing: registry.DefaultTiming, newID: uuid.New}, 0)
			s := newStore(func() time.Time { return noon })
			startWorking(t, m, s)
			for _, a := range m.step(time.Hour, end) {
				switch a.(type) {
				case stopWork, startWork, abort:
					t.Errorf("after the work was gone: %T", a)
				}
			}
			if m.beats() {
				t.Error("beats on under a lease that is over")
			}
		})
	}
}

// startWorking steps a machine, at instant 0, until it starts its work.
func startWorking(t *testing.T, m *machine, s *store) {
	t.Helper()
	calls := []event{tick{}}
	for len(calls) > 0 {
		e := calls[0]
		calls = calls[1:]
		for _, a := range m.step(0, e) {
			switch a := a.(type) {
			case request:
				calls = append(calls, a.do(t.Context(), s, "g"))
			case startWork:
				return
			}
		}
	}
	t.Fatal("never started")
}
