package heartbeat

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestMember_WorksWithARestoredRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		for n := range int64(40) {
			holder := uuid.New()
			_ = s.reg.store.BeginTerm(t.Context(), registry.Term{Group: "g", Number: n + 1, Holder: holder, OrphanAfter: time.Minute})
			_ = s.reg.store.EndTerm(t.Context(), "g", n+1, holder, registry.End{Reason: registry.Stopped})
		}
		a := s.join()
		s.until(time.Second, "works", func() bool { return a.works() == 41 })
		time.Sleep(3 * time.Second)
		s.reg.store.mu.Lock()
		s.reg.store.terms = nil
		s.reg.store.mu.Unlock()
		patience := registry.DefaultTiming.Overdue() + 10*time.Second
		s.until(patience, "works in a term of the registry as it is now", func() bool { return a.works() == 1 })
		if n := strings.Count(a.log.String(), "terms were lost"); n != 1 {
			t.Errorf("it was logged %d times that the terms were lost", n)
		}
		s.always(time.Minute, "works", func() bool { return a.works() == 1 })
		s.leaveAll(a)
	})
}

func TestMember_PassiveInstanceWithAnUnreadableRecordRegistersAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		b := s.join()
		time.Sleep(3 * time.Second)
		first := b.Instance()
		s.reg.set(func(k kind, in registry.Instance) fate {
			if k == kindBeat && in.ID == first {
				return spoilt
			}
			return fine
		})
		s.until(time.Minute, "has another UUID", func() bool { id := b.Instance(); return id != first && id != uuid.Nil })
		if n := strings.Count(b.log.String(), "cannot read the group"); n != 1 {
			t.Errorf("it was logged %d times that the record cannot be read", n)
		}
		s.leaveAll(a)
		s.until(5*time.Second, "the peer works", func() bool { return b.works() == 2 })
		s.leaveAll(b)
	})
}

// damaged shows what is left of the holder's record.
type damaged struct{ *flaky }

func (d damaged) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	v, err := d.flaky.View(ctx, group, except...)
	if v.Holder != nil {
		left := v.Latest.Remains(v.Holder.Beat)
		v.Holder, v.Damage = &left, fmt.Errorf("%w: group is missing", registry.ErrCorrupt)
	}
	return v, err
}

func TestMember_HolderWhoseRecordIsDamagedIsReplacedOnlyWhenItsBeatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst(func(c *Config) { c.Command = "one" })
		b := s.join(func(c *Config) { c.Registry, c.Command = damaged{s.reg}, "one" })
		s.always(5*time.Minute, "works on", func() bool { return a.works() == 1 && b.works() == 0 })
		first := a.Instance()
		s.reg.set(func(_ kind, in registry.Instance) fate {
			if in.ID == first {
				return hung
			}
			return fine
		})
		took := s.until(2*time.Minute, "the peer works", func() bool { return b.works() == 2 })
		if took < 59*time.Second {
			t.Errorf("deposed after %v", took)
		}
		if log, _, _ := strings.Cut(b.log.String(), "active in term 2"); strings.Count(log, "cannot read the group") != 1 || strings.Contains(log, "another command") {
			t.Errorf("want one line about the record:\n%s", log)
		}
		s.reg.set(nil)
		s.leaveAll(a, b)
	})
}

// An instance that could not end its term within T never beats again under that UUID.
func TestMachine_TermThatCannotBeEndedIsLeftToPeers(t *testing.T) {
	for _, how := range []fate{broke, void} {
		synctest.Test(t, func(t *testing.T) {
			s := newScenario(t)
			a := s.joinFirst()
			b := s.join()
			time.Sleep(3 * time.Second)
			first := a.Instance()
			var ends atomic.Int64
			s.reg.set(func(k kind, _ registry.Instance) fate {
				if k == kindEndTerm {
					ends.Add(1)
					return how
				}
				return fine
			})
			s.reg.requestHandover(1, uuid.Nil)
			s.until(5*time.Second, "steps down", func() bool { return a.works() == 0 })
			s.always(50*time.Second, "beats on", func() bool { return a.Instance() == first })
			s.until(30*time.Second, "registers again", func() bool { id := a.Instance(); return id != first && id != uuid.Nil })
			if n := ends.Load(); n > 600 {
				t.Errorf("asked %d times in a minute to end one term", n)
			}
			s.until(2*time.Minute, "another term", func() bool { return a.works()+b.works() == 2 })
			s.reg.set(nil)
			s.leaveAll(a, b)
		})
	}
}

func TestMember_UnreadableRecordIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindSilent {
				return spoilt
			}
			return fine
		})
		time.Sleep(2 * time.Minute)
		if n := strings.Count(a.log.String(), "cannot read the group"); n != 1 || strings.Contains(a.log.String(), "does not answer") {
			t.Errorf("said %d times, want once: %s", n, a.log)
		}
		s.leaveAll(a)
	})
}
