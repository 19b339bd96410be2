package heartbeat

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestMachine_ObservationOfTheHolderOutlivesARegistration(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	holder := p.peer(timing)
	p.begin(1, holder)
	p.run(5 * timing.Interval)
	p.beat(holder)
	last := p.now
	p.run(timing.OrphanAfter - 10*timing.Interval)
	id := p.m.registration.id
	p.delete(id)
	p.run(5 * timing.Interval)
	if p.m.registration.id == id || p.m.registration.id == uuid.Nil {
		t.Fatal("did not register again")
	}
	for p.registered(holder) && p.now < last+2*timing.OrphanAfter {
		p.run(timing.Interval / 10)
	}
	if took := p.now - last; took < timing.OrphanAfter-timing.Slack() || took > timing.OrphanAfter+2*timing.Interval {
		t.Errorf("deposed %v after its last beat", took)
	}
}

// This happens when the machine was suspended right after the start.
func TestMachine_TriesToJoinOnceAlthoughTheTimeForItIsOver(t *testing.T) {
	for _, answers := range []bool{true, false} {
		p := newParticipant(t, registry.DefaultTiming)
		s := p.m.settings
		s.joinTimeout = 30 * time.Second
		p.m = newMachine(s, p.now)
		if !answers {
			p.fateOf = fateOfKinds(broke, kindRegister)
		}
		p.pass(time.Minute)
		if n := len(p.requests(kindRegister)); n != 1 {
			t.Fatalf("tried %d times", n)
		}
		if answers {
			if p.m.registration.id == uuid.Nil {
				t.Error("did not register")
			}
			continue
		}
		p.run(time.Minute)
		f, ok := p.did[len(p.did)-1].action.(finish)
		if !ok || !errors.Is(f.err, ErrUnreachable) || !errors.Is(f.err, errNetwork) || strings.Contains(f.err.Error(), "%!") {
			t.Errorf("ended with %+v", f)
		}
	}
}
