package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func TestVacancy_IsThatAfterOneTerm(t *testing.T) {
	var v vacancy
	if v.is(0) {
		t.Error("there is one from the start")
	}
	v.begin(registry.View{Latest: ended(7, other, registry.Stopped)}, now)
	v.seniorAsked()
	if !v.is(7) || v.is(8) {
		t.Errorf("after term 7: %v, after term 8: %v", v.is(7), v.is(8))
	}
	if v.begin(registry.View{Latest: ended(8, other, registry.Stopped)}, now+1); v.asked || v.since != now+1 {
		t.Errorf("the next vacancy is %+v", v)
	}
	if v.end(); v.is(8) {
		t.Error("there is one after its end")
	}
	if v.begin(registry.View{}, now); !v.is(0) {
		t.Error("a group without a term has none")
	}
}

// UUIDs of version 7 begin with the time, so those of instances that start together begin
// alike.
func TestVacancy_CandidatesCompeteAtDifferentInstants(t *testing.T) {
	v := vacancy{found: true, since: now}
	lo, hi := time.Duration(1<<62), time.Duration(0)
	for range 100 {
		at := v.competeAt(uuid.Must(uuid.NewV7()), second) - now
		lo, hi = min(lo, at), max(hi, at)
	}
	if lo < second || hi > 2*second || hi-lo < second/2 {
		t.Errorf("a hundred compete from %v to %v, want them spread from %v to %v", lo, hi, second, 2*second)
	}
}

func TestVacancy_TermThatIsTakenAndDoesNotShow(t *testing.T) {
	v := vacancy{found: true, last: registry.View{Latest: ended(7, other, registry.Stopped)}}
	if _, ok := v.unseenFor(7, now, now); ok {
		t.Error("nothing is taken")
	}
	v.termTaken(now)
	v.termTaken(now + second) // a later insert shows the same
	for _, tt := range []struct {
		name   string
		number int64
		sent   time.Duration
		span   time.Duration
		ok     bool
	}{
		{"a view from before", 7, now - 1, 0, false},
		{"a view from after", 7, now, 5 * second, true},
		{"a view that shows it", 8, now, 0, false},
	} {
		if span, ok := v.unseenFor(tt.number, tt.sent, now+5*second); span != tt.span || ok != tt.ok {
			t.Errorf("%s: unseen for %v: %v", tt.name, span, ok)
		}
	}
}

func TestVacancy_IsNeglectedAfterT(t *testing.T) {
	v := vacancy{found: true, since: now}
	if v.neglected(now+60*second-1, 60*second) || !v.neglected(now+60*second, 60*second) {
		t.Error("not after T")
	}
	if v.end(); v.neglected(now+600*second, 60*second) {
		t.Error("one that is over is neglected")
	}
}
