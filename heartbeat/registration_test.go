package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

const second = time.Second

func TestRegistration_LeaseCountsFromTheSendingOfTheLatestBeat(t *testing.T) {
	const lease = 50 * second
	for _, tt := range []struct {
		name   string
		sent   []time.Duration // of the beats, in the order in which their answers arrive
		longer bool            // the last answer makes the lease longer
		lease  time.Duration
		acked  time.Duration
	}{
		{"first beat", []time.Duration{100 * second}, true, 150 * second, 100 * second},
		{"next beat", []time.Duration{100 * second, 101 * second}, true, 151 * second, 101 * second},
		{"answers that change places", []time.Duration{101 * second, 100 * second}, false, 151 * second, 101 * second},
		{"the same answer twice", []time.Duration{100 * second, 100 * second}, false, 150 * second, 100 * second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r registration
			var longer bool
			for _, sent := range tt.sent {
				longer = r.renew(sent, noon, lease)
			}
			if longer != tt.longer || r.lease != tt.lease || r.acked != tt.acked {
				t.Errorf("longer: %v, lease until %v, acknowledged %v; want %v, %v, %v", longer, r.lease, r.acked, tt.longer, tt.lease, tt.acked)
			}
		})
	}
}

func TestRegistration_LeaseAllowsLessAndLess(t *testing.T) {
	r := registration{id: me, lease: 100 * second, acked: 40 * second}
	for _, tt := range []struct {
		now                               time.Duration
		mayAct, holds, lapsed, unanswered bool
	}{
		{90*second - 1, true, true, false, false},
		{90 * second, false, true, false, false},
		{100*second - 1, false, true, false, false},
		{100 * second, false, false, true, true},
	} {
		if got := r.mayAct(tt.now, 10*second); got != tt.mayAct {
			t.Errorf("at %v: may act: %v", tt.now, got)
		}
		if got := r.holdsLease(tt.now); got != tt.holds {
			t.Errorf("at %v: holds the lease: %v", tt.now, got)
		}
		if got := r.lapsed(tt.now); got != tt.lapsed {
			t.Errorf("at %v: lapsed: %v", tt.now, got)
		}
		if got := r.unacknowledged(tt.now, 60*second); got != tt.unanswered {
			t.Errorf("at %v: unacknowledged: %v", tt.now, got)
		}
	}
}

func TestRegistration_LeaseThatWasGivenUpIsNotHeld(t *testing.T) {
	r := registration{id: me, lease: 100 * second}
	r.giveUp()
	if r.holdsLease(0) {
		t.Error("holds it")
	}
	r.end()
	if r.begin(other, 0, noon, second); r.spent {
		t.Error("the next registration is given up too")
	}
	if r = (registration{lease: 100 * second}); r.holdsLease(0) {
		t.Error("holds a lease without a registration")
	}
}

func TestRegistration_BeatsOnceAtATimeAndOncePerInterval(t *testing.T) {
	var r registration
	r.begin(me, 0, noon, second)
	if r.beatDue(second - 1) {
		t.Error("due within the first interval")
	}
	if !r.beatDue(second) {
		t.Fatal("not due after the first interval")
	}
	r.beatSent(7, second, second)
	if r.beatDue(5 * second) {
		t.Error("due while one is under way")
	}
	if r.beatAnswered(6); r.beating != 7 {
		t.Error("the answer to an earlier beat counts as that to the one under way")
	}
	if r.beatAnswered(7); r.beatDue(2*second - 1) {
		t.Error("due before its interval is over")
	}
	if r.beatAtOnce(second + 1); !r.beatDue(second + 1) {
		t.Error("not due at once")
	}
}

func TestRegistration_EndKeepsTheClockAndWhenTheProcessJoined(t *testing.T) {
	var r registration
	r.begin(me, 0, noon, second)
	r.renew(10*second, noon.Add(10*second), 50*second)
	r.beatSent(7, 11*second, second)
	r.end()
	if r.id != uuid.Nil || r.lease != 0 || r.beating != 0 {
		t.Errorf("left: %+v", r)
	}
	if r.begin(other, 20*second, noon.Add(20*second), second); !r.joined.Equal(noon) {
		t.Errorf("joined at %v, want when it first did", r.joined)
	}
	if got := r.registryTime(15 * second); !got.Equal(noon.Add(15 * second)) {
		t.Errorf("the registry's time is %v", got)
	}
}

// Everyone who is alive has beaten within three intervals before the latest beat.
func TestRegistration_RecentlyCoversThreeIntervalsOnBothSides(t *testing.T) {
	r := registration{clock: noon, clockAt: 100 * second}
	around, within := r.recently(104*second, second)
	if from, to := around.Add(-within), around.Add(within); !from.Equal(noon.Add(-3*second)) || !to.Equal(noon.Add(7*second)) {
		t.Errorf("from %v to %v", from, to)
	}
}

func TestRegistration_FirstOneHasItsTime(t *testing.T) {
	r := registration{joinBy: 100 * second}
	for _, tt := range []struct {
		now, timeout time.Duration
		expired      bool
	}{{80 * second, 10 * second, false}, {95 * second, 5 * second, false}, {100 * second, 10 * second, true}} {
		if got := r.joinTimeout(tt.now, 10*second); got != tt.timeout {
			t.Errorf("at %v: timeout %v, want %v", tt.now, got, tt.timeout)
		}
		if got := r.joinExpired(tt.now); got != tt.expired {
			t.Errorf("at %v: expired: %v", tt.now, got)
		}
	}
	if r.begin(me, 0, noon, second); r.joinExpired(200 * second) {
		t.Error("expired although it has registered")
	}
	for _, joinTimeout := range []time.Duration{0, -second} {
		if r := newRegistration(10*second, joinTimeout); r.joinExpired(1 << 60) {
			t.Errorf("expired without a limit: %v", joinTimeout)
		}
	}
}
