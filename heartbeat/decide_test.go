package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

var (
	me    = uuid.MustParse("01890000-0000-7000-8000-000000000001")
	other = uuid.MustParse("01890000-0000-7000-8000-000000000002")
	third = uuid.MustParse("01890000-0000-7000-8000-000000000003")

	noon = time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC) // of the registry
)

// now is the local instant of every row; the lease ends half a minute later.
const now = 1000 * time.Second

func open(n int64, holder uuid.UUID) *registry.Term {
	return &registry.Term{Group: "g", Number: n, Holder: holder, OrphanAfter: time.Minute, StartedAt: noon, Schema: 1}
}

func ended(n int64, holder uuid.UUID, reason registry.Reason) *registry.Term {
	t := open(n, holder)
	t.EndedAt, t.End.Reason = noon, reason
	return t
}

func asked(t *registry.Term, to uuid.UUID, at time.Time) *registry.Term {
	t.Handover = &registry.Handover{To: to, At: at}
	return t
}

func record(id uuid.UUID) *registry.Instance {
	return &registry.Instance{ID: id, Group: "g", Heartbeat: noon, Schema: 1}
}

// named returns an ended term whose holder has named who should take over.
func named(t *registry.Term, next uuid.UUID) *registry.Term {
	t.End.Next = next
	return t
}

// position is a situation in few words. Zero values are an instance that is passive and
// knows nothing of its peers.
type position struct {
	lease, orphanAt, competeAt, past time.Duration
	clock, joined, settled           time.Time
	term, begun, resigned            int64
	sawOpen, highest, seen           int64
	holdingOff, asked                bool
	deposed                          uuid.UUID
	successor                        uuid.UUID
	everybody                        bool          // should listen
	noticed                          time.Duration // when the request of noon was first seen
}

func (p position) situation() situation {
	timing := registry.DefaultTiming
	s := situation{
		timing:       timing,
		registration: registration{id: me, lease: p.lease, clock: p.clock, clockAt: now, joined: p.joined},
		observations: observations{highest: p.highest, before: p.seen, past: p.past, sawOpen: p.sawOpen},
		vacancy:      vacancy{since: p.competeAt - new(vacancy).competeAt(me, timing.Interval), asked: p.asked},
	}
	s.observations.deposed.id, s.observations.holder.since = p.deposed, p.orphanAt
	t := &s.tenure
	t.work.term.Number, t.held.number, t.resigned = p.term, p.begun, p.resigned
	t.handover = handoverRequest{at: p.settled, settled: !p.settled.IsZero()}
	if p.noticed > 0 {
		t.handover = handoverRequest{at: noon, seen: p.noticed}
	}
	s.successor = p.successor
	if p.everybody {
		s.registration.mark = registry.AnyTerm
	}
	if p.holdingOff {
		t.holdOff.until = now + 1
	}
	return s
}

// The rows read like the rules. Each position is a passive instance with a good lease
// unless it says otherwise. With the default timings, B is 3 s and G is 10 s.
func TestDecide_FollowsTheRules(t *testing.T) {
	life := registry.DefaultTiming.RequestLife()
	for _, tt := range []struct {
		rule   string
		me     position
		latest *registry.Term
		holder *registry.Instance
		want   verdict
	}{
		// A group is vacant when its latest term does not exist or has ended.
		{"first of a new group", position{}, nil, nil, ask},
		{"the holder left", position{}, ended(7, other, registry.Stopped), nil, ask},
		{"the holder failed and stays", position{}, ended(7, other, registry.WorkFailed), record(other), ask},
		{"the holder named another: wait", position{}, named(ended(7, other, registry.Stopped), third), nil, nothing},
		{"the holder named another: my instant has come", position{competeAt: now}, named(ended(7, other, registry.Stopped), third), nil, promote},
		{"the holder named me", position{}, named(ended(7, other, registry.Stopped), me), nil, promote},
		{"the holder named me, and I hold off", position{holdingOff: true}, named(ended(7, other, registry.Stopped), me), nil, nothing},
		{"the holder named me, and I have too little lease", position{lease: now + 10*time.Second}, named(ended(7, other, registry.Stopped), me), nil, nothing},
		{"handed over to me, though another is named", position{}, named(asked(ended(7, other, registry.HandedOver), me, noon), third), nil, promote},
		{"handed over to whoever is senior, who is named", position{}, named(asked(ended(7, other, registry.HandedOver), uuid.Nil, noon), me), nil, promote},
		{"not senior: wait", position{asked: true}, ended(7, other, registry.Stopped), nil, nothing},
		{"not senior: my instant has come", position{asked: true, competeAt: now}, ended(7, other, registry.Stopped), nil, promote},
		{"not senior: not yet", position{asked: true, competeAt: now + 1}, ended(7, other, registry.Stopped), nil, nothing},

		// The target of a handover counts as the senior for one interval.
		{"handed over to me", position{}, asked(ended(7, other, registry.HandedOver), me, noon), nil, promote},
		{"handed over to another", position{}, asked(ended(7, other, registry.HandedOver), third, noon), nil, nothing},
		{"handed over to another, who does not come", position{competeAt: now}, asked(ended(7, other, registry.HandedOver), third, noon), nil, promote},
		{"handed over to whoever is senior", position{}, asked(ended(7, other, registry.HandedOver), uuid.Nil, noon), nil, ask},
		{"asked to hand over, but it just left", position{}, asked(ended(7, other, registry.Stopped), third, noon), nil, ask},

		// Who handed over or failed does not compete.
		{"holding off from a vacancy", position{holdingOff: true, competeAt: now}, ended(7, me, registry.HandedOver), nil, nothing},
		{"holding off from an orphan", position{holdingOff: true}, open(8, other), record(other), nothing},

		// A silent holder is deposed after its own T, not before.
		{"the holder beats", position{orphanAt: now + 1}, open(7, other), record(other), nothing},
		{"the holder is an orphan", position{orphanAt: now}, open(7, other), record(other), ask},
		{"the holder is an orphan, I am not senior", position{orphanAt: now, asked: true}, open(7, other), record(other), nothing},
		{"the holder is an orphan, and my instant has come", position{orphanAt: now, asked: true, competeAt: now}, open(7, other), record(other), depose},
		{"I deposed it, my answer was lost", position{orphanAt: now, deposed: other}, open(7, other), nil, promote},
		{"I deposed the previous holder", position{orphanAt: now + 1, deposed: third}, open(7, other), record(other), nothing},

		// A holder that is not registered, but was not deleted by me, is silent.
		{"unregistered holder", position{orphanAt: now + 1}, open(7, other), nil, nothing},
		{"unregistered holder, T later", position{orphanAt: now}, open(7, other), nil, ask},

		// Promote and start only while now < D − G.
		{"vacant, too little lease", position{lease: now + 10*time.Second}, nil, nil, nothing},
		{"orphan, too little lease", position{lease: now + 10*time.Second, orphanAt: now}, open(7, other), record(other), nothing},
		{"my term, too little lease", position{begun: 7, lease: now + 10*time.Second}, open(7, me), record(me), nothing},
		{"my term, lease over", position{begun: 7, lease: now - 1}, open(7, me), record(me), nothing},

		// If the latest term names me and has not ended, I am active: this covers
		// an insert whose answer was lost.
		{"my term", position{begun: 7}, open(7, me), record(me), start},
		{"my term, my record not seen", position{begun: 7}, open(7, me), nil, start},
		{"a term of mine that I never asked for", position{}, open(7, me), record(me), kill},
		{"a term of mine, and I asked for another", position{begun: 6}, open(7, me), record(me), kill},
		{"I stepped down from it", position{resigned: 7}, open(7, me), record(me), reEnd},
		{"I stepped down from an older one", position{begun: 7, resigned: 6}, open(7, me), record(me), start},

		// Active.
		{"all is well", position{term: 7}, open(7, me), record(me), nothing},
		{"a newer term", position{term: 7}, open(8, other), record(other), kill},
		{"a newer term, ended", position{term: 7}, ended(8, other, registry.Stopped), nil, kill},
		{"a newer term, whose work is done", position{term: 7}, ended(8, other, registry.WorkDone), nil, quit},
		{"my number under another's name, the work done", position{term: 7}, ended(7, other, registry.WorkDone), nil, kill},
		{"my term ended by another", position{term: 7}, ended(7, me, registry.Orphaned), record(me), kill},
		{"my number under another's name", position{term: 7}, open(7, other), record(other), kill},
		{"asked to hand over to one who does not listen", position{term: 7}, asked(open(7, me), other, noon), record(me), notify},
		{"the same, and it had no time to notice", position{term: 7, noticed: now - noticeTime(registry.DefaultTiming) + 1}, asked(open(7, me), other, noon), record(me), notify},
		{"the same, and it had the time to notice", position{term: 7, noticed: now - noticeTime(registry.DefaultTiming)}, asked(open(7, me), other, noon), record(me), stepDown},
		{"asked to hand over to the successor", position{term: 7, successor: other}, asked(open(7, me), other, noon), record(me), stepDown},
		{"asked to hand over, where everybody listens", position{term: 7, everybody: true}, asked(open(7, me), other, noon), record(me), stepDown},
		{"asked to hand over to whoever is senior", position{term: 7}, asked(open(7, me), uuid.Nil, noon), record(me), stepDown},
		{"asked to hand over to myself", position{term: 7}, asked(open(7, me), me, noon), record(me), nothing},
		{"asked a request's life ago", position{term: 7, successor: other}, asked(open(7, me), other, noon.Add(-life)), record(me), stepDown},
		{"asked longer ago", position{term: 7}, asked(open(7, me), other, noon.Add(-life-1)), record(me), nothing},
		{"asked, and settled before", position{term: 7, settled: noon}, asked(open(7, me), other, noon), record(me), nothing},
		{"asked again", position{term: 7, successor: other, settled: noon.Add(-1)}, asked(open(7, me), other, noon), record(me), stepDown},
		{"asked in the future", position{term: 7}, asked(open(7, me), other, noon.Add(life+1)), record(me), nothing},

		// An older term is a read of the past, until it has stayed for 3·B.
		{"terms seem gone", position{term: 7, past: now}, nil, nil, nothing},
		{"an older term", position{term: 7, past: now - 9*time.Second + 1}, open(6, other), record(other), nothing},
		{"an older term for 3·B", position{term: 7, past: now - 9*time.Second}, open(6, other), record(other), kill},
		{"passive: an older term", position{highest: 7, past: now - time.Second}, ended(6, other, registry.Stopped), nil, nothing},

		// Work done.
		{"the work is done", position{sawOpen: 7}, ended(7, other, registry.WorkDone), nil, quit},
		{"the work was done in a term between two views", position{seen: 6, joined: noon.Add(time.Second)}, ended(7, other, registry.WorkDone), nil, quit},
		{"the work was done before my first view", position{sawOpen: 6, seen: 7, joined: noon.Add(-time.Second)}, ended(7, other, registry.WorkDone), nil, ask},
		{"the work was done before I came", position{seen: unseen, joined: noon.Add(time.Second)}, ended(7, other, registry.WorkDone), nil, ask},
		{"the work was done after I came", position{seen: unseen, joined: noon.Add(-time.Second)}, ended(7, other, registry.WorkDone), nil, quit},
		{"the work was done by a clock that was ahead", position{seen: unseen, joined: noon.Add(-time.Hour), clock: noon.Add(-10 * time.Second)}, ended(7, other, registry.WorkDone), nil, ask},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			p := tt.me
			if p.clock.IsZero() {
				p.clock = noon
			}
			if p.lease == 0 {
				p.lease = now + 30*time.Second
			}
			if p.competeAt == 0 {
				p.competeAt = now + time.Second
			}
			got := decide(p.situation(), registry.View{Latest: tt.latest, Holder: tt.holder}, now)
			if got.verdict != tt.want {
				t.Errorf("decided %q, want %q", got.verdict, tt.want)
			}
		})
	}
}
