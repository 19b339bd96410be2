package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestObservations_ViewOlderThanOneBeforeTeachesNothing(t *testing.T) {
	o := newObservations()
	for i, tt := range []struct {
		number int64
		at     time.Duration
		old    bool
		want   observations // highest, before, past
	}{
		{0, now, false, observations{highest: 0, before: unseen}},
		{7, now + 1, false, observations{highest: 7, before: 0}},
		{6, now + 2, true, observations{highest: 7, before: 0, past: now + 2}},
		{5, now + 3, true, observations{highest: 7, before: 0, past: now + 2}},
		{7, now + 4, false, observations{highest: 7, before: 7}},
		{6, now + 5, true, observations{highest: 7, before: 7, past: now + 5}},
	} {
		if old := o.see(tt.number, tt.at); old != tt.old {
			t.Errorf("view %d: old: %v", i, old)
		}
		if w := tt.want; o.highest != w.highest || o.before != w.before || o.past != w.past {
			t.Errorf("view %d: highest %d, before %d, past since %v; want %d, %d, %v", i, o.highest, o.before, o.past, w.highest, w.before, w.past)
		}
	}
	if o.forgive(); o.past != 0 || o.highest != 7 {
		t.Error("forgiving forgets more, or less, than since when views are old")
	}
	o.peerHolds(7)
	if o.forgetTerms(); o.see(1, now) || o.sawOpen != 0 {
		t.Error("lost terms are not forgotten")
	}
}

// Whoever holds the term knows its own record by its beats. So every one of its views starts
// the observation again, and later that of the record, should another registration of this
// process read it.
func TestObservations_OwnRecordIsObservedAnew(t *testing.T) {
	own := registry.DefaultTiming
	o := newObservations()
	for at := now; at < now+2*own.OrphanAfter; at += own.Slack() {
		o.holdIt(me, noon, own, at)
		if want := at + own.OrphanAfter; o.holder.id != me || o.holder.orphanAt() != want || o.holder.promise != own {
			t.Fatalf("%+v, want %v, an orphan at %v", o.holder, me, want)
		}
	}
	later := now + 3*own.OrphanAfter
	v := registry.View{Latest: open(7, me), Holder: record(me)}
	v.Holder.Interval, v.Holder.OrphanAfter, v.Holder.Heartbeat = own.Interval, own.OrphanAfter, noon
	if o.observeHolder(v, noon, own, later); o.holder.since != later {
		t.Errorf("its beat stands still since %v, want %v", o.holder.since, later)
	}
	o.holdIt(me, noon, own, later)
	v.Holder = nil
	if o.observeHolder(v, noon, own, later+second); o.holder.since != later+second || !o.holder.last.Equal(noon) {
		t.Errorf("its record is missing since %v, and had its last beat at %v; want %v and %v", o.holder.since, o.holder.last, later+second, noon)
	}
}

func TestObservations_HolderIsGoneAfterTOrWhenDeposed(t *testing.T) {
	own := registry.DefaultTiming
	o := newObservations()
	v := registry.View{Latest: open(7, other), Holder: record(other)}
	v.Holder.Interval, v.Holder.OrphanAfter = own.Interval, own.OrphanAfter
	if !o.observeHolder(v, noon, own, now) {
		t.Error("the first beat that is seen is no beat")
	}
	if o.observeHolder(v, noon, own, now+second) {
		t.Error("the same beat is another")
	}
	if o.holderGone(other, now+own.OrphanAfter-1) || !o.holderGone(other, now+own.OrphanAfter) {
		t.Error("not gone after T")
	}
	o.depose()
	v.Holder.Beat++
	if o.observeHolder(v, noon, own, now+2*second); !o.holderGone(other, now+2*second) {
		t.Error("there although this instance has deleted it")
	}
	if got := o.ofHolder(other); got != o.deposed {
		t.Errorf("observed of the deposed: %+v", got)
	}
	if got := o.ofHolder(third); got != o.holder {
		t.Errorf("observed of a holder that was not deposed: %+v", got)
	}
}

func TestObservations_HolderWithoutARecord(t *testing.T) {
	own := registry.DefaultTiming
	o := newObservations()
	v := registry.View{Latest: open(7, other)}
	o.observeHolder(v, noon, own, now)
	if !o.holder.missing || o.holderGone(other, now+own.OrphanAfter-1) || !o.holderGone(other, now+own.OrphanAfter) {
		t.Errorf("noted %+v", o.holder)
	}
}

func TestObservations_ClaimantThatChanges(t *testing.T) {
	own := registry.DefaultTiming
	o := newObservations()
	in := func(id uuid.UUID) registry.Instance {
		return registry.Instance{ID: id, Heartbeat: noon, Interval: own.Interval, OrphanAfter: own.OrphanAfter}
	}
	if !o.observeClaimant(in(other), noon, own, now) || o.observeClaimant(in(other), noon, own, now+second) || o.claimant.since != now {
		t.Errorf("noted %+v", o.claimant)
	}
	if !o.observeClaimant(in(third), noon, own, now+second) || o.claimant.since != now+second {
		t.Errorf("another: noted %+v", o.claimant)
	}
}

func TestObservations_SilentInstances(t *testing.T) {
	own := registry.DefaultTiming
	silent := func(beat int64, ids ...uuid.UUID) (list []registry.Instance) {
		for _, id := range ids {
			list = append(list, registry.Instance{ID: id, Beat: beat, Heartbeat: noon, Interval: own.Interval, OrphanAfter: own.OrphanAfter})
		}
		return list
	}
	o := newObservations()
	if orphans := o.observeSilent(silent(1, me, other, third), true, me, noon, own, now); len(orphans) > 0 {
		t.Errorf("orphans at the first search: %v", orphans)
	}
	if _, ok := o.passives[me]; ok {
		t.Error("notes itself")
	}
	later := now + own.OrphanAfter
	orphans := o.observeSilent(append(silent(1, other), silent(2, third)...), true, me, noon, own, later)
	if len(orphans) != 1 || orphans[0].ID != other || orphans[0].Beat != 1 {
		t.Errorf("orphans after T: %v, want the one whose beat stands still", orphans)
	}
	o.observeSilent(nil, false, me, noon, own, later+own.OrphanAfter-1)
	if len(o.passives) != 2 {
		t.Errorf("an incomplete list leaves %d observations, want both", len(o.passives))
	}
	o.observeSilent(nil, false, me, noon, own, later+own.OrphanAfter)
	if len(o.passives) != 0 {
		t.Errorf("incomplete lists keep %d observations for more than T", len(o.passives))
	}
	o.observeSilent(silent(1, other), true, me, noon, own, now)
	o.observeSilent(nil, true, me, noon, own, now+second)
	if len(o.passives) != 0 {
		t.Error("one that beats again is still noted")
	}
}

func TestObservations_AfterAGapEveryoneGetsTheMargin(t *testing.T) {
	own := registry.DefaultTiming
	silent := observation{id: other, since: now - 59*second, promise: own, silence: own.OrphanAfter}
	o := observations{past: now - 59*second, holder: silent, claimant: silent, passives: map[uuid.UUID]observation{other: silent}}
	o.afterGap(now)
	for name, s := range map[string]observation{"holder": o.holder, "claimant": o.claimant, "passive": o.passives[other]} {
		if left := s.orphanAt() - now; left != own.Margin() {
			t.Errorf("%s: an orphan in %v, want the margin of %v", name, left, own.Margin())
		}
	}
	if o.past != 0 {
		t.Error("old views from before the gap count")
	}
}
