package mongobell

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/registry"
)

// newSilentBell returns a bell whose rings stay in its outboxes. It has no server.
func newSilentBell(t *testing.T) *Bell {
	t.Helper()
	client, err := mongo.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return New(Source{
		Database: client.Database("understudy"), Pool: 100, Closing: t.Context(),
		Spawn: func(func()) error { return registry.ErrClosed },
	})
}

// All versions that are in use at a time have to agree on these.
func TestSlot_StaysTheSame(t *testing.T) {
	for _, tt := range []struct {
		key  key
		want int
	}{{key{Terms, "orders"}, 12}, {key{Jobs, "orders"}, 16}, {key{Terms, "g"}, 6}, {key{Jobs, "g"}, 18}, {key{Terms, ""}, 5}} {
		if got := tt.key.slot(); got != tt.want {
			t.Errorf("%v rings in %d, want %d", tt.key, got, tt.want)
		}
	}
	for i := range 1000 {
		group := fmt.Sprint("g", i)
		if n := (key{Terms, group}).slot(); n < 0 || n >= TermSlots {
			t.Errorf("terms of %s ring in %d", group, n)
		}
		if n := (key{Jobs, group}).slot(); n < TermSlots || n >= Slots {
			t.Errorf("jobs of %s ring in %d", group, n)
		}
	}
}

func TestRing_TwoOfOneGroupBecomeOne(t *testing.T) {
	b := newSilentBell(t)
	one, two := uuid.New(), uuid.New()
	slot := key{Terms, "g"}.slot()
	for _, tt := range []struct {
		who  []uuid.UUID
		want uuid.UUID
	}{{[]uuid.UUID{one}, one}, {[]uuid.UUID{one, one}, one}, {[]uuid.UUID{one, two}, uuid.Nil}, {[]uuid.UUID{one, uuid.Nil}, uuid.Nil}} {
		for _, who := range tt.who {
			b.Ring(Ring{Of: Terms, Group: "g", Term: 1, For: who})
		}
		if got := b.outboxes[slot].rings; len(got) != 1 || got[key{Terms, "g"}].For != tt.want {
			t.Errorf("for %v: %v, want one for %v", tt.who, got, tt.want)
		}
		if rings, unchecked := b.take(slot); len(rings) != 1 || !unchecked {
			t.Errorf("takes %v, to be checked first: %v", rings, unchecked)
		}
	}
}

func TestRing_FloodIsBounded(t *testing.T) {
	b := newSilentBell(t)
	for i := range 100_000 {
		b.Ring(Ring{Of: Terms, Group: fmt.Sprint("g", i)})
	}
	for i := range b.outboxes {
		if n := len(b.outboxes[i].rings); n > maxPending {
			t.Errorf("%d rings wait for collection %d, want %d at most", n, i, maxPending)
		}
	}
}

// What makes no sense in a ring is left out: anybody may insert something.
func TestDecode_GarbageIsLeftOut(t *testing.T) {
	who := uuid.New()
	for _, r := range []Ring{{Of: Terms, Group: "g", Term: 7, For: who}, {Of: Jobs, Group: "g"}} {
		raw, err := bson.Marshal(r.document())
		if err != nil {
			t.Fatal(err)
		}
		r.Term = 0 // for people
		if got := decode(raw); got != r {
			t.Errorf("%+v was read as %+v", r, got)
		}
	}
	for _, d := range []bson.D{
		{},
		{{Key: "group", Value: 7}, {Key: "of", Value: bson.A{"terms"}}, {Key: "for", Value: "everybody"}},
		{{Key: "for", Value: bson.Binary{Subtype: 4, Data: []byte{1}}}},
	} {
		raw, err := bson.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(raw); got != (Ring{}) {
			t.Errorf("%v was read as %+v", d, got)
		}
	}
}

func TestPause_GrowsAndEndsWithALongLife(t *testing.T) {
	var p pause
	why := errors.New("broken")
	if p.over() != nil {
		t.Error("pauses before anything broke")
	}
	p.begin(0, why)
	first := p.length
	if err := p.over(); !errors.Is(err, why) {
		t.Errorf("pause: %v, want why the cursor broke", err)
	}
	for range 20 {
		p.begin(0, why)
	}
	if first != shortestPause || p.length != longestPause {
		t.Errorf("pauses of %v to %v, want %v to %v", first, p.length, shortestPause, longestPause)
	}
	if p.begin(longestPause+1, why); p.length != shortestPause {
		t.Errorf("a pause of %v after a cursor that lasted", p.length)
	}
}

func TestBell_ConnectionsFitThePool(t *testing.T) {
	for pool := 12; pool <= 200; pool++ {
		b := newSilentBell(t)
		b.source.Pool = pool
		if n := 2 * b.Cursors(); n > pool-spared || b.Cursors() > Slots {
			t.Errorf("%d connections of %d for cursors", n, pool)
		}
	}
}
