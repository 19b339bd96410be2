package heartbeat

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Somebody else writes very many terms, and each of them wakes every instance.
func TestMachine_FloodOfTermsCausesFewViewsAndLines(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.begin(1, other)
	p.run(3 * timing.Interval)
	p.did = nil
	const seconds, perSecond = 10, 200
	for n := range int64(seconds * perSecond) {
		p.begin(2+n, uuid.New())
		p.tell(woken{})
		p.run(time.Second / perSecond)
	}
	if n := len(p.requests(kindView)); n > (seconds+2)*viewsPerSpan {
		t.Errorf("%d views in %d intervals", n, seconds)
	}
	lines := 0
	for _, d := range p.did {
		if _, ok := d.action.(note); ok {
			lines++
		}
	}
	if lines > 2*seconds {
		t.Errorf("%d lines of the log in %d intervals", lines, seconds)
	}
}

// The registry acknowledges the insert of a term that no view shows.
func TestMachine_TermThatDoesNotShowIsTriedAgainWithAPause(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		insert string
		what   fate
	}{{"acknowledged", void}, {"refused as taken", fine}} {
		t.Run(tt.insert, func(t *testing.T) {
			p := newParticipant(t, timing)
			p.begin(1, other)
			p.end(1, other)
			p.past = p.reg.clone()
			p.begin(2, other)
			p.fateOf = func(c request) fate {
				if c.kind == kindBeginTerm {
					return tt.what
				}
				return fine
			}
			const spans = 60
			p.run(spans * timing.Interval)
			for _, k := range []kind{kindBeginTerm, kindView, kindClaimant, kindCandidate} {
				if n := len(p.requests(k)); n > 2*spans {
					t.Errorf("%d requests of %s in %d intervals", n, k, spans)
				}
			}
			if n := len(p.notes(factUnseen)); n != 1 {
				t.Errorf("told %d times", n)
			}
			if p.m.tenure.work.running {
				t.Error("works in a term that no view has shown")
			}
		})
	}
}

// Work that fails everywhere goes from one instance to the next, ever more slowly.
func TestMember_WorkThatFailsEverywhereMakesFewTerms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a, b, c := s.join(), s.join(), s.join()
		fail := func(a *testMember) {
			for {
				select {
				case a.result <- ErrWorkFailing:
				case <-a.done:
					return
				}
			}
		}
		for _, a := range []*testMember{a, b, c} {
			go fail(a)
		}
		time.Sleep(time.Hour)
		t1 := s.reg.latest().Number
		time.Sleep(time.Hour)
		t2 := s.reg.latest().Number
		if t1 < 5 || t1 > 60 || t2-t1 > 30 {
			t.Errorf("%d terms in the first hour, %d in the second", t1, t2-t1)
		}
		s.leaveAll(a, b, c)
	})
}

// A member that got no answer for T registers again: peers may have deleted its record,
// and a restored registry may have that record as it was.
func TestMachine_MemberWithoutAnAnswerForTRegistersAnew(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.begin(1, p.peer(timing))
	p.run(3 * timing.Interval)
	before := p.m.registration.id
	p.fateOf = fateOfKinds(broke, kindBeat, kindRegister, kindUnregister)
	p.run(timing.OrphanAfter - 3*timing.Interval)
	if p.m.registration.id != before {
		t.Fatal("registers again before T")
	}
	p.run(6 * timing.Interval)
	if p.m.registration.id == before {
		t.Fatal("beats on under the same UUID")
	}
	p.fateOf = fateOfKinds(broke, kindUnregister) // the former registration is ended later
	p.run(3 * timing.Interval)
	p.fateOf = nil
	p.run(3 * timing.Interval)
	if p.m.phase != member || !p.registered(p.m.registration.id) || p.registered(before) {
		t.Errorf("phase %s, registered: %v, under the former UUID: %v", p.m.phase, p.registered(p.m.registration.id), p.registered(before))
	}
}

// One record that cannot be read does not keep the observations of all others for ever.
func TestMachine_ObservationsOfPassiveInstancesAreBounded(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	most := 0
	for range 1000 { // a thousand came, beat slowly for a while and left
		ids := []uuid.UUID{uuid.New(), uuid.New()}
		var list []registry.Instance
		for _, id := range ids {
			list = append(list, registry.Instance{ID: id, Group: "g", Beat: 1, Interval: timing.Interval, OrphanAfter: timing.OrphanAfter})
		}
		p.m.sweep(answer{request: request{kind: kindSilent, sent: p.now}, silent: list, err: registry.ErrCorrupt})
		p.run(timing.Slack())
		most = max(most, len(p.m.observations.passives))
	}
	if limit := 2*int(timing.OrphanAfter/timing.Slack()) + 4; most > limit {
		t.Errorf("%d observations, want %d at most", most, limit)
	}
}

// unheedingWatch is a registry whose Watch ignores its context.
type unheedingWatch struct {
	registry.Registry
	release chan struct{}
}

func (d unheedingWatch) Watch(context.Context, string) (<-chan registry.Notice, error) {
	<-d.release
	return make(chan registry.Notice), nil
}

// silentWatch is a registry with a watch whose channel is never closed.
type silentWatch struct{ registry.Registry }

func (silentWatch) Watch(context.Context, string) (<-chan registry.Notice, error) {
	return make(chan registry.Notice), nil
}

func TestMember_LeavesAlthoughTheWatchDoesNotHeedItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		release := make(chan struct{})
		defer close(release)
		a := s.join(func(c *Config) { c.Registry = unheedingWatch{s.reg, release} })
		b := s.join(func(c *Config) { c.Registry = silentWatch{s.reg} })
		time.Sleep(3 * time.Second)
		for _, a := range []*testMember{a, b} {
			a.leave()
			s.until(time.Second, "Run has returned", func() bool { return gone(a) })
		}
	})
}
