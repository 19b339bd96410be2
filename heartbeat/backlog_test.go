package heartbeat

import (
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func orphan() request { return request{kind: kindDeleteOrphan, id: uuid.New()} }

func TestBacklog_TakesTurns(t *testing.T) {
	var b backlog
	end, former, search := endOf(1, other, registry.End{}).inPast(), request{kind: kindUnregister, id: other}, &request{kind: kindSilent}
	b.endLater(end)
	b.unregisterLater(former)
	b.deleteOrphans([]request{orphan(), orphan(), orphan()})
	var got []kind
	for range 8 {
		got = append(got, b.next(func() *request { return search }).kind)
	}
	want := []kind{kindEndTerm, kindUnregister, kindDeleteOrphan, kindSilent, kindEndTerm, kindUnregister, kindDeleteOrphan, kindSilent}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestBacklog_SkipsWhatIsNotThere(t *testing.T) {
	var b backlog
	none := func() *request { return nil }
	if r := b.next(none); r != nil {
		t.Errorf("got %+v", r)
	}
	b.deleteOrphans([]request{orphan(), orphan()})
	for range 2 {
		if r := b.next(none); r == nil || r.kind != kindDeleteOrphan {
			t.Fatalf("got %+v", r)
		}
	}
	if r := b.next(none); r != nil {
		t.Errorf("got %+v after the last orphan", r)
	}
}

func TestBacklog_WhatFailsStaysUntilItIsGivenUp(t *testing.T) {
	var b backlog
	b.endLater(endOf(1, other, registry.End{}).inPast())
	b.unregisterLater(request{kind: kindUnregister, id: other})
	for range 3 {
		if r := b.last(); r == nil || r.kind != kindEndTerm {
			t.Fatalf("got %+v", r)
		}
	}
	b.termEnded()
	for range 3 {
		if r := b.last(); r == nil || r.kind != kindUnregister || !r.inBackground() {
			t.Fatalf("got %+v", r)
		}
	}
	if b.unregistered(); b.last() != nil {
		t.Error("not empty")
	}
}

func TestBacklog_HasABound(t *testing.T) {
	var b backlog
	for range 2 * maxFormer {
		b.unregisterLater(request{kind: kindUnregister, id: uuid.New()})
	}
	if len(b.former) != maxFormer {
		t.Errorf("%d former registrations", len(b.former))
	}
	o := orphan()
	for range 3 {
		b.deleteOrphanToo(o)
	}
	if len(b.orphans) != 1 {
		t.Errorf("the same orphan is queued %d times", len(b.orphans))
	}
}

func TestBacklog_SweepsAtItsTime(t *testing.T) {
	var b backlog
	b.sweepAt(10 * second)
	if b.sweepDue(10*second-1) || !b.sweepDue(10*second) {
		t.Error("not at its time")
	}
}
