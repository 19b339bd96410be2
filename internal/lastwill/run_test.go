package lastwill_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/registry"
)

func TestRunWill_IsKnownUntilItIsClosed(t *testing.T) {
	kept := map[int]lastwill.Run{}
	var failure error
	lastwill.KeepRunsWith(func(number int, r *lastwill.Run) error {
		delete(kept, number)
		if r != nil && failure == nil {
			kept[number] = *r
		}
		return failure
	})
	open := func(rules string) *lastwill.RunWill {
		t.Helper()
		w, err := lastwill.OpenRun(lastwill.Run{Group: "g", Term: 3, Rules: json.RawMessage(rules)})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	a, b := open("a"), open("b")
	if err := errors.Join(a.Note(json.RawMessage("command")), a.SetRules(json.RawMessage("new"))); err != nil {
		t.Error(err)
	}
	if got := kept[a.Number()-1]; string(got.Rules) != "new" || string(got.Command) != "command" || got.Term != 3 || string(kept[b.Number()-1].Rules) != "b" {
		t.Errorf("kept: %+v", kept)
	}
	if w := lastwill.RunOf(lastwill.WithRun(t.Context(), a)); w != a {
		t.Errorf("the context is for %p, want %p", w, a)
	}
	a.Close()
	c := open("c")
	if c.Number() != a.Number() {
		t.Errorf("number %d, want the free one, %d", c.Number(), a.Number())
	}
	a.Close() // again, and too late
	if err := errors.Join(a.Note(nil), a.SetRules(nil)); err != nil || string(kept[c.Number()-1].Rules) != "c" {
		t.Errorf("%v; kept: %+v", err, kept)
	}
	failure = errors.New("full")
	if err := c.Note(nil); err != failure {
		t.Errorf("%v, want %v", err, failure)
	}
	if w, err := lastwill.OpenRun(lastwill.Run{}); w != nil || err != failure {
		t.Errorf("%v, %v; want %v", w, err, failure)
	}
	failure = nil
	b.Close()
	c.Close()
	if len(kept) > 0 {
		t.Errorf("kept: %+v", kept)
	}
}

// Without a last will, whoever runs an attempt has none of it.
func TestRunWill_NilKnowsOfNothing(t *testing.T) {
	none := lastwill.RunOf(context.Background())
	if err := errors.Join(none.Note(nil), none.SetRules(nil)); err != nil || none.Number() != 0 {
		t.Errorf("%v, number %d", err, none.Number())
	}
	none.Close()
}

func TestRun_SettleSurvivesAPanic(t *testing.T) {
	defer lastwill.SettleWith(nil)
	if err := (lastwill.Run{}).Settle(t.Context(), nil); err == nil {
		t.Error("a program without jobs: no error")
	}
	lastwill.SettleWith(func(context.Context, registry.Registry, lastwill.Run, *lastwill.Outcome) error { panic("garbled") })
	if err := (lastwill.Run{}).Settle(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "garbled") {
		t.Errorf("error %v", err)
	}
}

func TestEntry_HasTheRunsOfItsOwnTerm(t *testing.T) {
	id := uuid.New()
	e := lastwill.Entry{Group: "g", Instance: id, Term: 3}
	if r := (lastwill.Run{Group: "g", Instance: id, Term: 3}); !e.Has(r) {
		t.Errorf("%+v does not have %+v", e, r)
	}
	for _, r := range []lastwill.Run{{Group: "g", Instance: id, Term: 2}, {Group: "g", Instance: uuid.New(), Term: 3}, {Group: "h", Instance: id, Term: 3}} {
		if e.Has(r) {
			t.Errorf("%+v has %+v", e, r)
		}
	}
	if e.Term = 0; e.Has(lastwill.Run{Group: "g", Instance: id}) {
		t.Error("an entry without a term has a run")
	}
}
