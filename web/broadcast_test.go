package web

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func newBroadcast(shown *atomic.Int64) *broadcast {
	return &broadcast{every: every, limit: 3, event: func(context.Context) []byte {
		return strconv.AppendInt(nil, shown.Add(1), 10)
	}}
}

func join(t *testing.T, a *broadcast) client {
	t.Helper()
	v, ok := a.join()
	if !ok {
		t.Fatal("there are too many clients")
	}
	return v
}

func TestBroadcast_OneEventPerSecondForAllClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown atomic.Int64
		a := newBroadcast(&shown)
		synctest.Wait()
		time.Sleep(time.Minute)
		if n := shown.Load(); n != 0 {
			t.Errorf("%d events without a client", n)
		}
		one, two := join(t, a), join(t, a)
		for want := range 10 {
			for _, v := range []client{one, two} {
				if got := string(<-v); got != strconv.Itoa(want+1) {
					t.Errorf("event %s, want %d", got, want+1)
				}
			}
		}
		late := join(t, a)
		if got := string(<-late); got != "10" {
			t.Errorf("a late client gets %s first, want 10", got)
		}
		for _, v := range []client{one, two, late} {
			a.leave(v)
		}
		time.Sleep(time.Minute)
		if n := shown.Load(); n != 10 {
			t.Errorf("%d events, want none after the last client left at 10", n)
		}
		one = join(t, a)
		if got := string(<-one); got != "11" {
			t.Errorf("event %s after a pause, want 11", got)
		}
		a.leave(one)
	})
}

func TestBroadcast_SlowClientGetsTheLatestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown atomic.Int64
		a := newBroadcast(&shown)
		slow, quick := join(t, a), join(t, a)
		for range 5 {
			<-quick
		}
		synctest.Wait()
		if got := string(<-slow); got != "5" {
			t.Errorf("event %s, want 5", got)
		}
		a.leave(slow)
		a.leave(quick)
	})
}

func TestBroadcast_LimitsClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown atomic.Int64
		a := newBroadcast(&shown)
		clients := []client{join(t, a), join(t, a), join(t, a)}
		if _, ok := a.join(); ok {
			t.Error("a fourth client where three are the limit")
		}
		a.leave(clients[0])
		clients[0] = join(t, a)
		for _, v := range clients {
			a.leave(v)
		}
	})
}
