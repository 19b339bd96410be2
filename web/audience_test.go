package web

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func newAudience(shown *atomic.Int64) *audience {
	return &audience{every: every, limit: 3, event: func(context.Context) []byte {
		return strconv.AppendInt(nil, shown.Add(1), 10)
	}}
}

func join(t *testing.T, a *audience) viewer {
	t.Helper()
	v, ok := a.join()
	if !ok {
		t.Fatal("no room")
	}
	return v
}

func TestOneEventASecondForAllViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown atomic.Int64
		a := newAudience(&shown)
		synctest.Wait()
		time.Sleep(time.Minute)
		if n := shown.Load(); n != 0 {
			t.Errorf("%d events while nobody watched", n)
		}
		one, two := join(t, a), join(t, a)
		for want := range 10 {
			for _, v := range []viewer{one, two} {
				if got := string(<-v); got != strconv.Itoa(want+1) {
					t.Errorf("event %s, want %d", got, want+1)
				}
			}
		}
		late := join(t, a)
		if got := string(<-late); got != "10" {
			t.Errorf("who comes late sees %s first, want 10", got)
		}
		for _, v := range []viewer{one, two, late} {
			a.leave(v)
		}
		time.Sleep(time.Minute)
		if n := shown.Load(); n != 10 {
			t.Errorf("%d events, want none after the last viewer left at 10", n)
		}
		one = join(t, a)
		if got := string(<-one); got != "11" {
			t.Errorf("event %s for who comes back, want 11", got)
		}
		a.leave(one)
	})
}

func TestSlowViewerSeesTheLatestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown atomic.Int64
		a := newAudience(&shown)
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

func TestViewersAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown atomic.Int64
		a := newAudience(&shown)
		viewers := []viewer{join(t, a), join(t, a), join(t, a)}
		if _, ok := a.join(); ok {
			t.Error("a fourth viewer where three are the limit")
		}
		a.leave(viewers[0])
		viewers[0] = join(t, a)
		for _, v := range viewers {
			a.leave(v)
		}
	})
}
