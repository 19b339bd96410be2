package heartbeat

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestSuccessor_IsMarkedOnceAndLosesItsMarkToAnother(t *testing.T) {
	var s successor
	s.begin(7, other, now)
	s.found(third, 0)
	if id, term := s.take(); id != third || term != 7 {
		t.Fatalf("marks %v for term %d", id, term)
	}
	s.found(third, 7)
	if id, _ := s.take(); id != uuid.Nil {
		t.Errorf("marks %v again", id)
	}
	s.found(me, 6) // an old mark does not count
	if id, term := s.take(); id != me || term != 7 {
		t.Errorf("marks %v for term %d", id, term)
	}
	if id, term := s.take(); id != third || term != 0 {
		t.Errorf("takes the mark of %v away, and sets %d", id, term)
	}
	s.found(uuid.Nil, 0)
	if id, term := s.take(); id != me || term != 0 {
		t.Errorf("takes the mark of %v away, and sets %d", id, term)
	}
}

// The answer to an earlier search says nothing about the end of the term.
func TestSuccessor_IsNamedByTheLastSearchOnly(t *testing.T) {
	var s successor
	s.begin(7, other, now)
	s.found(third, 7)
	if id := s.named(); id != uuid.Nil {
		t.Errorf("%v is named, without a last search", id)
	}
	s.lookAgain(now)
	if id := s.named(); id != uuid.Nil {
		t.Errorf("%v is named before the last search was answered", id)
	}
	s.searched(now, second, second/5)
	s.found(me, 7)
	if id := s.named(); id != me || s.next != never {
		t.Errorf("%v is named, the next search is due at %v", id, s.next)
	}
}

// marks returns the marks that were set: of whom, and for which term.
func (p *participant) marks() map[uuid.UUID]int64 {
	list := map[uuid.UUID]int64{}
	for id, in := range p.reg.instances {
		if in.Listen != 0 {
			list[id] = in.Listen
		}
	}
	return list
}

func TestMachine_MarksWhoComesNext(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	first, second := p.peer(timing), p.peer(timing)
	if first.String() > second.String() {
		first, second = second, first
	}
	p.beating(timing.Slack()+timing.Interval, timing.Interval, first, second)
	if m := p.marks(); len(m) != 1 || m[first] != 1 {
		t.Fatalf("marks %v, want %v for term 1", m, first)
	}
	p.delete(first)
	p.beating(timing.Slack()+timing.Interval, timing.Interval, second)
	if m := p.marks(); len(m) != 1 || m[second] != 1 {
		t.Errorf("marks %v, want %v for term 1", m, second)
	}
	p.did = nil
	p.beating(10*timing.Slack(), timing.Interval, second)
	if n := len(p.requests(kindMark)); n > 0 {
		t.Errorf("marks %d times although nothing has changed", n)
	}
}

// Right after a takeover the previous holder may still look like a candidate.
func TestMachine_MarksWhoComesNextAtATakeover(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder := newPassive(t, timing, 2*timing.Interval)
	next := p.peer(timing)
	p.end(1, holder)
	p.beating(timing.Slack(), timing.Interval, holder, next)
	if !p.m.tenure.active() {
		t.Fatal("does not work")
	}
	begun := p.m.tenure.work.since
	if at := p.requests(kindMark); len(at) == 0 || at[0] != begun || p.marks()[next] != 2 {
		t.Errorf("marks at %v: %v, want %v for term 2 at %v", at, p.marks(), next, begun)
	}
}

func TestMachine_MarksNobodyWhereEverybodyListens(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.reg.everybody = true
	p.run(5 * timing.Interval)
	peer := p.peer(timing)
	p.beating(3*timing.Slack(), timing.Interval, peer)
	searched := false
	for _, d := range p.did {
		r, ok := d.action.(request)
		searched = searched || ok && r.informsNext()
	}
	if !p.m.tenure.active() || searched {
		t.Errorf("active: %v, searched or marked: %v", p.m.tenure.active(), searched)
	}
}

// namedBy returns whom the end of a term names.
func (p *participant) namedBy(number int64) uuid.UUID { return p.reg.term(number).End.Next }

// newActiveWithNewSenior returns an active participant that has marked another instance than
// the one that is senior since.
func newActiveWithNewSenior(t *testing.T, timing registry.Timing) (p *participant, senior uuid.UUID) {
	t.Helper()
	p = newActive(t, timing)
	stale := p.peer(timing)
	p.beating(timing.Slack()+timing.Interval, timing.Interval, stale)
	p.delete(stale)
	return p, p.peer(timing)
}

func TestMachine_NamesAndMarksWhoTakesOverWhenItLeaves(t *testing.T) {
	timing := registry.DefaultTiming
	p, senior := newActiveWithNewSenior(t, timing)
	p.tell(leave{})
	p.tell(workGone{term: 1, result: yielded})
	if got := p.namedBy(1); got != senior || p.reg.instances[senior].Listen != 1 {
		t.Errorf("names %v and marks %v, want the senior %v", got, p.marks(), senior)
	}
}

// The end of the term waits for no search. The process does, but not for long, so that the
// senior is marked even if the work has stopped at once.
func TestMachine_EndsItsTermWithoutKnowingWhoTakesOver(t *testing.T) {
	timing := registry.DefaultTiming
	p, senior := newActiveWithNewSenior(t, timing)
	p.fateOf = fateOfKinds(hung, kindCandidate)
	p.tell(leave{})
	p.tell(workGone{term: 1, result: yielded})
	if p.reg.term(1).Open() || p.namedBy(1) != uuid.Nil {
		t.Errorf("the term is open: %v, it names %v", p.reg.term(1).Open(), p.namedBy(1))
	}
	if p.m.phase == finished {
		t.Error("the process does not wait for the search")
	}
	p.release()
	p.run(giveWay(timing))
	if p.m.phase != finished || p.reg.instances[senior].Listen != 1 {
		t.Errorf("phase %s, marks %v, want %v", p.m.phase, p.marks(), senior)
	}
}

func TestMachine_LeavesSoonIfTheLastSearchHangs(t *testing.T) {
	timing := registry.DefaultTiming
	for _, k := range []kind{kindCandidate, kindMark} {
		p := newActive(t, timing)
		p.peer(timing)
		p.fateOf = fateOfKinds(hung, k)
		p.tell(leave{})
		p.tell(workGone{term: 1, result: yielded})
		if len(p.hung) != 1 {
			t.Fatalf("%s: %d requests hang", k, len(p.hung))
		}
		r := p.hung[0]
		if most := time.Second; r.timeout > most {
			t.Errorf("%s: timeout %v, want %v at most", k, r.timeout, most)
		}
		p.now += r.timeout
		p.tell(answer{request: r, err: context.DeadlineExceeded})
		if p.m.phase != finished {
			t.Errorf("%s: phase %s", k, p.m.phase)
		}
	}
}

// The one that a handover is for listens from its next beat on. The work goes on until then.
func TestMachine_MarksTheTargetOfAHandover(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	senior, target := p.peer(timing), p.peer(timing)
	if senior.String() > target.String() {
		senior, target = target, senior
	}
	p.beating(timing.Slack()+timing.Interval, timing.Interval, senior, target)
	p.reg.requestHandover(1, target)
	asked := p.now
	p.tell(woken{p.m.registration.id})
	if p.reg.instances[target].Listen != 1 || !p.m.tenure.work.running {
		t.Fatalf("marks %v, works: %v", p.marks(), p.m.tenure.work.running)
	}
	for p.m.tenure.work.running && p.now < asked+timing.OrphanAfter {
		p.beat(target)
		p.run(timing.Interval / 100)
	}
	if took := p.now - asked; took < timing.Interval || took > 3*timing.Interval/2 {
		t.Errorf("worked on for %v, want a little more than %v", took, timing.Interval)
	}
	if got := p.namedBy(1); got != target {
		t.Errorf("names %v, want the target %v", got, target)
	}
}

// In a rolling restart the one that comes next leaves first, and then the active one. Whoever
// comes next by then has an interval to notice, even if it did not come next before.
func TestMember_RollingRestartCostsAnIntervalAtMost(t *testing.T) {
	timing := registry.DefaultTiming
	const calls = 50 * time.Millisecond
	for wait := timing.Interval / 2; wait < 2*timing.Slack()+2*timing.Interval; wait += 700 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			s := newScenario(t)
			a := s.joinFirst()
			time.Sleep(10 * time.Millisecond)
			b := s.join()
			time.Sleep(10 * time.Millisecond)
			c := s.join()
			time.Sleep(2 * timing.Slack())
			s.leaveAll(b)
			again := s.join()
			time.Sleep(wait) // b has rung
			within := timing.Interval + calls
			if wait > timing.Interval+calls {
				within = calls
			}
			a.leave()
			took := s.until(within, "the one that comes next by now works", func() bool { return c.works() == 2 })
			t.Logf("%v after the first one left: took %v", wait, took)
			s.leaveAll(a, c, again)
		})
	}
}

// In a group of two, the one that is started again comes next at once, and nothing tells the
// active one.
func TestMember_WhoIsStartedAgainTakesOverAtOnce(t *testing.T) {
	const calls = 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		a := s.joinFirst()
		for term := int64(2); term < 6; term++ {
			b := s.join()
			time.Sleep(time.Second / 3)
			s.leaveAll(b)
			b = s.join()
			time.Sleep(calls)
			a.leave()
			s.until(calls, "the one that was started again works", func() bool { return b.works() == term })
			s.leaveAll(a)
			a = b
		}
		s.leaveAll(a)
	})
}

// searches returns when an instance searched for a candidate.
func (p *participant) searches(whom purpose) (at []time.Duration) {
	for _, d := range p.did {
		if r, ok := d.action.(request); ok && r.kind == kindCandidate && r.search == whom {
			at = append(at, d.at)
		}
	}
	return at
}

// newHearing returns an active participant that hears the bell.
func newHearing(t *testing.T, timing registry.Timing) *participant {
	t.Helper()
	p := newActive(t, timing)
	p.tell(watching{p.m.bell.number, true})
	p.run(timing.Interval)
	p.did = nil
	return p
}

func TestMachine_NoticeHasTheSuccessorSearchedAtOnce(t *testing.T) {
	timing := registry.DefaultTiming
	p := newHearing(t, timing)
	first := p.peer(timing)
	p.tell(woken{})
	if m := p.marks(); len(m) != 1 || m[first] != 1 {
		t.Fatalf("marks %v, want %v at once", m, first)
	}
	p.delete(first)
	second := p.peer(timing)
	p.run(timing.Interval / 2)
	p.tell(woken{uuid.New()}) // whoever is named
	if m := p.marks(); len(m) != 1 || m[second] != 1 {
		t.Errorf("marks %v, want %v at once", m, second)
	}
}

// The search may have been answered before the change.
func TestMachine_NoticeDuringASearchHasTheSuccessorSearchedAgain(t *testing.T) {
	timing := registry.DefaultTiming
	p := newHearing(t, timing)
	p.fateOf = fateOfKinds(hung, kindCandidate)
	p.tell(woken{})
	if len(p.hung) != 1 {
		t.Fatalf("%d requests hang", len(p.hung))
	}
	p.run(timing.Interval)
	p.tell(woken{})
	old := answer{request: p.hung[0], err: registry.ErrNoCandidate}
	next := p.peer(timing)
	p.hung, p.fateOf = nil, nil
	p.tell(old)
	p.run(timing.Interval / 2)
	if m := p.marks(); m[next] != 1 {
		t.Errorf("marks %v, want %v", m, next)
	}
}

// A notice comes for each of a thousand instances that go. Whatever else is to be done in the
// background has its turn, even if the registry is slow.
func TestMachine_FloodOfNoticesCausesFewSearches(t *testing.T) {
	timing := registry.DefaultTiming
	for _, slow := range []time.Duration{0, timing.Interval / 3} {
		p := newHearing(t, timing)
		const spans = 9
		if slow > 0 {
			p.fateOf = fateOfKinds(hung, kindCandidate)
		}
		for range spans * 1000 {
			p.now += timing.Interval / 1000
			p.tell(woken{})
			if slow > 0 && len(p.hung) > 0 && p.now >= p.hung[0].sent+slow {
				r := p.hung[0]
				p.hung = nil
				p.tell(p.apply(r))
			}
		}
		if n := len(p.searches(forSuccessor)); n > spans*wakesPerSpan+1 || n < spans {
			t.Errorf("answers take %v: %d searches in %d intervals, want %d at most", slow, n, spans, spans*wakesPerSpan+1)
		}
		if n := len(p.requests(kindSilent)); n < 2 {
			t.Errorf("answers take %v: %d searches for silent instances in %d intervals", slow, n, spans)
		}
	}
}

func TestMachine_SearchesForItsSuccessorLessOftenWhileItHearsTheBell(t *testing.T) {
	timing := registry.DefaultTiming
	p := newHearing(t, timing)
	span := 10 * searchEvery(timing)
	check := func(when string, every time.Duration, peers ...uuid.UUID) {
		t.Helper()
		p.did = nil
		p.beating(span, timing.Interval, peers...)
		if n, want := len(p.searches(forSuccessor)), int(span/every); n < want-1 || n > want+1 {
			t.Errorf("%s: %d searches in %v, want one every %v", when, n, span, every)
		}
	}
	check("nobody is there", timing.Slack())
	peer := p.peer(timing)
	p.tell(woken{})
	check("there is a successor", searchEvery(timing), peer)
	p.tell(watching{p.m.bell.number, false})
	check("there is no bell", timing.Slack(), peer)
	p.beating(timing.Interval/2, timing.Interval/2, peer)
	p.did = nil
	p.tell(watching{p.m.bell.number, true}) // notices were missed until now
	if n := len(p.searches(forSuccessor)); n != 1 {
		t.Errorf("%d searches when it hears the bell again, want 1", n)
	}
}

// The holder before this term may look like a candidate until its record shows what it does.
func TestMachine_NoticesDoNotMakeThePreviousHolderTheSuccessor(t *testing.T) {
	timing := registry.DefaultTiming
	p, holder := newPassive(t, timing, 2*timing.Interval)
	p.end(1, holder)
	p.tell(woken{})
	begun := p.now
	if !p.m.tenure.active() {
		t.Fatal("does not work")
	}
	for p.now < begun+timing.Slack()-timing.Interval/4 {
		p.beat(holder)
		p.run(timing.Interval / 4)
		p.tell(woken{})
	}
	if m := p.marks(); len(m) > 0 || len(p.searches(forSuccessor)) < 2 {
		t.Errorf("marks %v after %d searches", m, len(p.searches(forSuccessor)))
	}
}

func TestSuccessor_LeavesThePreviousHolderOutForAWhile(t *testing.T) {
	timing := registry.DefaultTiming
	var s successor
	s.begin(7, other, now)
	i, b := now+timing.Interval, now+timing.Slack()
	if s.leavesOut(i, timing) != other || s.leavesOut(b, timing) != uuid.Nil {
		t.Error("leaves it out for another time than B")
	}
	s.lookAgain(now)
	if s.leavesOut(i-1, timing) != other || s.leavesOut(i, timing) != uuid.Nil {
		t.Error("the last search leaves it out for another time than an interval")
	}
}

func TestMachine_HintThatFailsIsTriedAgainAfterB(t *testing.T) {
	timing := registry.DefaultTiming
	for _, k := range []kind{kindMark, kindCandidate} {
		p := newHearing(t, timing)
		stale := p.peer(timing)
		p.tell(woken{})
		if p.m.successor.id != stale {
			t.Fatal("there is no successor")
		}
		p.delete(stale)
		next := p.peer(timing)
		p.run(timing.Interval / 2)
		p.fateOf = fateOfKinds(broke, k)
		p.tell(woken{})
		p.fateOf = nil
		p.beating(timing.Slack()-timing.Interval/2, timing.Interval/2, next)
		if m := p.marks(); len(m) > 0 {
			t.Fatalf("%s: marks %v before a B has passed", k, m)
		}
		p.beating(timing.Interval, timing.Interval/2, next)
		if m := p.marks(); m[next] != 1 {
			t.Errorf("%s: marks %v, want %v", k, m, next)
		}
	}
}
