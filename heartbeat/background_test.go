package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// backgroundRequests are the requests that nothing waits for.
func backgroundRequests(c request) fate {
	if c.inBackground() {
		return hung
	}
	return fine
}

// A request to hand over is followed within one view, whatever else hangs.
func TestMachine_RequestsInTheBackgroundDelayNoHandover(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		hangs string
		kind  kind
		set   func(p *participant)
	}{
		{"the search for silent ones", kindSilent, func(*participant) {}},
		{"the deletion of a passive one", kindDeleteOrphan, func(p *participant) { p.peer(timing) }},
		{"the end of the deposed's term", kindEndTerm, func(p *participant) {
			p.begin(1, p.peer(timing))
		}},
	} {
		t.Run(tt.hangs, func(t *testing.T) {
			p := newParticipant(t, timing)
			tt.set(p)
			p.fateOf = func(c request) fate {
				if c.kind == tt.kind {
					return backgroundRequests(c)
				}
				return fine
			}
			p.yields = true
			for begin := p.now; len(p.hung) == 0; p.run(timing.Interval) {
				if p.now > begin+3*timing.OrphanAfter {
					t.Fatal("no such request")
				}
			}
			if !p.m.tenure.work.running {
				t.Fatal("does not work")
			}
			p.reg.requestHandover(p.m.tenure.work.term.Number, uuid.Nil)
			p.run(timing.Interval)
			if p.m.tenure.work.running || p.reg.latest().Open() {
				t.Errorf("works: %v, the latest term is open: %v", p.m.tenure.work.running, p.reg.latest().Open())
			}
		})
	}
}

// The release of the held term does not wait for requests in the background either, nor
// for a hung view, nor for its own request if that hangs once.
func TestMachine_OneHungRequestDelaysNoRelease(t *testing.T) {
	for _, timing := range []registry.Timing{
		registry.DefaultTiming, {Interval: 5 * time.Second, OrphanAfter: 300 * time.Second, StopGrace: 30 * time.Second},
	} {
		t.Run(timing.Interval.String(), func(t *testing.T) { testHungRelease(t, timing) })
	}
}

func testHungRelease(t *testing.T, timing registry.Timing) {
	for _, tt := range []struct {
		hangs string
		which func(c request) bool
		set   func(p *participant)
	}{
		{"the end of the deposed's term", func(c request) bool { return c.kind == kindEndTerm && c.past }, func(p *participant) { p.begin(1, p.peer(timing)) }},
		{"the search for silent ones", func(c request) bool { return c.kind == kindSilent }, func(*participant) {}},
		{"a view", func(c request) bool { return c.kind == kindView }, func(*participant) {}},
		{"the end of its own term, once", func(c request) bool { return c.kind == kindEndTerm }, func(*participant) {}},
	} {
		t.Run(tt.hangs, func(t *testing.T) {
			p := newParticipant(t, timing)
			tt.set(p)
			p.yields = true
			once := false
			p.fateOf = func(c request) fate {
				if tt.which(c) && !once && p.m.tenure.held.number > 0 {
					once = true
					return hung
				}
				return fine
			}
			for begin := p.now; !p.m.tenure.work.running; p.run(timing.Interval / 4) {
				p.hungTimesOut()
				if p.now > begin+2*timing.OrphanAfter {
					t.Fatal("does not work")
				}
			}
			for working := p.now; p.now < working+p.m.sweepEvery()+timing.Interval; p.run(timing.Interval / 4) {
				if once && p.now >= working+timing.Slack()+timing.Interval {
					break // it hangs, and has not timed out yet
				}
			}
			p.hungTimesOut()
			p.tell(leave{})
			begin := p.now
			for p.m.phase != finished {
				p.run(timing.Interval / 4)
				p.hungTimesOut()
			}
			if took := p.now - begin; took > 5*time.Second {
				t.Errorf("left after %v", took)
			}
			if !once || p.reg.latest().Open() || len(p.reg.instances) > 1 { // the deposed's is swept
				t.Errorf("hung: %v, the term is open: %v, registered: %d", once, p.reg.latest().Open(), len(p.reg.instances))
			}
		})
	}
}

// hungTimesOut answers hung requests whose time is over.
func (p *participant) hungTimesOut() {
	p.t.Helper()
	calls := p.hung
	p.hung = nil
	for _, c := range calls {
		if p.now >= c.sent+c.timeout {
			p.tell(answer{request: c, err: errNetwork})
		} else {
			p.hung = append(p.hung, c)
		}
	}
}

func TestMachine_RegistersAnewAlthoughAViewHangs(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.begin(1, p.peer(timing))
	p.run(3 * timing.Interval)
	before := p.m.registration.id
	p.fateOf = fateOfKinds(hung, kindView)
	p.run(timing.Interval)
	if len(p.hung) != 1 {
		t.Fatalf("%d views hang", len(p.hung))
	}
	p.delete(before)
	p.run(2 * timing.Interval)
	if p.m.registration.id == before || !p.registered(p.m.registration.id) {
		t.Error("did not register again within two intervals")
	}
}

// The hints of a slow registry still count: orphans are swept, failing work is handed
// over, and the senior is found.
func TestMachine_HintsThatTakeLongerThanAnIntervalStillCount(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	stray := p.peer(timing)
	slow := func(c request) fate {
		if c.kind == kindSilent || c.kind == kindCandidate {
			return hung
		}
		return fine
	}
	p.fateOf = slow
	var answers []answer
	answerSlowly := func() { // after three intervals each
		for _, c := range p.hung {
			answers = append(answers, p.apply(c))
		}
		p.hung = nil
		for len(answers) > 0 && p.now >= answers[0].request.sent+3*timing.Interval {
			a := answers[0]
			answers = answers[1:]
			if p.now >= a.request.sent+a.request.timeout {
				a = answer{request: a.request, err: errNetwork}
			}
			p.tell(a)
		}
	}
	for begin := p.now; p.registered(stray); {
		if p.now > begin+2*timing.OrphanAfter {
			t.Fatal("the orphan is never swept")
		}
		p.run(timing.Interval)
		answerSlowly()
	}
	peer := p.peer(timing)
	p.tell(workGone{term: p.m.tenure.work.term.Number, result: failing})
	for begin := p.now; p.reg.latest().Open(); {
		if p.now > begin+timing.OrphanAfter {
			t.Fatal("the failing work is never handed over")
		}
		p.beat(peer)
		p.run(timing.Interval)
		answerSlowly()
	}
	if got := p.reg.latest().End.Reason; got != registry.WorkFailed {
		t.Errorf("ended for %q", got)
	}
}

// An answer about the senior may arrive when the work fails. It must not be taken for the
// peer that the instance searches then.
func TestMachine_LateAnswerAboutTheSeniorIsNoPeerForFailingWork(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.begin(1, other)
	p.end(1, other)
	p.fateOf = fateOfKinds(hung, kindCandidate)
	p.run(5 * timing.Interval)
	if !p.m.tenure.work.running || len(p.hung) == 0 || !p.hung[0].forTakeover() {
		t.Fatalf("works: %v, hung: %+v", p.m.tenure.work.running, p.hung)
	}
	p.tell(workGone{term: 2, result: failing})
	p.tell(answer{request: p.hung[0], senior: p.m.registration.id})
	if p.m.tenure.held.due || len(p.notes(factYielding)) > 0 {
		t.Error("yields to itself")
	}
}

// Requests in the background take turns. The end of a past term that always fails delays
// neither the deletion of orphans nor the search for them, and hides no outage.
func TestMachine_BacklogThatAlwaysFailsDelaysNothingElse(t *testing.T) {
	timing := registry.DefaultTiming
	history := func(c request) fate {
		if c.kind == kindEndTerm && c.past {
			return broke
		}
		return fine
	}
	t.Run("the sweep", func(t *testing.T) {
		p := newParticipant(t, timing)
		p.begin(1, p.peer(timing))
		stray := p.peer(timing)
		p.fateOf = history
		p.run(4 * timing.OrphanAfter)
		if !p.m.tenure.work.running || p.registered(stray) {
			t.Errorf("works: %v, the passive orphan is registered: %v", p.m.tenure.work.running, p.registered(stray))
		}
		p.did = nil
		p.fateOf = fateOfKinds(broke, kindBeat, kindView, kindEndTerm)
		p.run(10 * timing.Interval)
		p.fateOf = history
		p.run(10 * timing.Interval)
		if down, _, up := p.outages(); down != 1 || up != 1 {
			t.Errorf("an outage is logged %d times and its end %d times", down, up)
		}
	})
	t.Run("the deletion of a dead claimant", func(t *testing.T) {
		p := newParticipant(t, timing)
		holder := p.peer(timing)
		p.begin(1, holder)
		p.run(3 * timing.Interval)
		p.m.backlog.unclosed = endOf(1, uuid.New(), registry.End{}).inPast()
		dead := p.peer(timing)
		p.claims(dead, 9)
		p.fateOf = history
		p.end(1, holder)
		p.run(3 * timing.OrphanAfter)
		if !p.m.tenure.work.running || p.registered(dead) {
			t.Errorf("works: %v, the dead claimant is registered: %v", p.m.tenure.work.running, p.registered(dead))
		}
	})
	t.Run("a former registration that cannot be ended", func(t *testing.T) {
		p := newActive(t, timing)
		p.m.backlog.former = []request{*request{kind: kindUnregister, id: uuid.New()}.inPast()}
		stray := p.peer(timing)
		p.fateOf = func(c request) fate {
			if c.kind == kindUnregister && c.past {
				return broke
			}
			return fine
		}
		p.run(3 * timing.OrphanAfter)
		if p.registered(stray) {
			t.Error("the orphan is never swept")
		}
	})
}

func TestMachine_GivesUpABacklogThatIsRefused(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.m.backlog.unclosed = endOf(1, uuid.New(), registry.End{}).inPast()
	p.fateOf = func(c request) fate {
		if c.past {
			return hung
		}
		return fine
	}
	p.run(timing.Interval)
	if len(p.hung) != 1 {
		t.Fatalf("%d requests hang", len(p.hung))
	}
	p.tell(answer{request: p.hung[0], err: registry.ErrRefused})
	if p.m.backlog.unclosed != nil {
		t.Error("is tried for ever")
	}
}

// Failing work does not wait for a request that hangs in the background.
func TestMachine_FailingWorkDoesNotWaitForAHungHint(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	p.fateOf = fateOfKinds(hung, kindSilent)
	p.run(2 * p.m.sweepEvery())
	if len(p.hung) == 0 {
		t.Fatal("nothing hangs")
	}
	peer := p.peer(timing)
	p.tell(workGone{term: 1, result: failing})
	for range 3 {
		p.beat(peer)
		p.run(timing.Interval)
	}
	if got := p.reg.term(1).End.Reason; got != registry.WorkFailed {
		t.Errorf("the term ended for %q", got)
	}
}
