package store

import (
	"strings"
	"testing"
	"time"
)

func TestParseKey_TakesWhatRunsPrint(t *testing.T) {
	slot := time.Date(2027, 3, 14, 1, 0, 0, 0, time.UTC)
	parent := Key{Group: "g", Job: "report", Run: SlotID(slot)}
	for _, run := range []string{SlotID(slot), KeyID("any key/with: signs"), NewID(), ChildID(parent), ChildID(Key{Job: "publish", Run: ChildID(parent)})} {
		k := Key{Group: "g", Job: "a.job-1", Run: run}
		if err := k.Check(); err != nil {
			t.Errorf("Check of %s: %v", k, err)
		}
		if got, err := ParseKey("g", k.String()); err != nil || got != k {
			t.Errorf("ParseKey(%q): %+v, %v; want %+v", k, got, err, k)
		}
	}
	for _, text := range []string{"", "report", "/", "report/", "/run", "Report/1", "a b/1", "report/ö", "report/a\nb", "-a/1",
		strings.Repeat("j", MaxJob+1) + "/1", "report/" + strings.Repeat("r", MaxRunID+1)} {
		if got, err := ParseKey("g", text); err == nil {
			t.Errorf("ParseKey(%.40q): %+v, want an error", text, got)
		} else if len(err.Error()) > 400 {
			t.Errorf("ParseKey(%.40q): an error of %d bytes", text, len(err.Error()))
		}
	}
	if _, err := ParseKey("no group", "report/1"); err == nil {
		t.Error("ParseKey with a group that has a space in it: no error")
	}
}

// Each run has one child of a job, however long its own name is.
func TestChildID_IsOneOfEachParent(t *testing.T) {
	seen := map[string]Key{}
	long := strings.Repeat("r", MaxRunID-1)
	for _, parent := range []Key{{"g", "a", "b"}, {"g", "a", "b/c"}, {"g", "a", long + "1"}, {"g", "a", long + "2"}, {"g", strings.Repeat("j", MaxJob), long}} {
		id := ChildID(parent)
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have the same child %q", parent, other, id)
		}
		seen[id] = parent
		if err := (Key{"g", "child", id}).Check(); err != nil {
			t.Errorf("the child of %s: %v", parent, err)
		}
		if again := ChildID(parent); again != id {
			t.Errorf("the child of %s is %q and then %q", parent, id, again)
		}
	}
}

func TestSlotID_IsTheSameInEachZone(t *testing.T) {
	at := time.Date(2027, 10, 31, 1, 30, 0, 0, time.UTC)
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("CET", 3600), time.FixedZone("", -11*3600)} {
		if got := SlotID(at.In(zone)); got != "2027-10-31T01:30:00Z" {
			t.Errorf("SlotID(%v) = %q", at.In(zone), got)
		}
	}
}

func TestCheckKey(t *testing.T) {
	for key, want := range map[string]bool{
		"a": true, "order 4711/x:y": true, strings.Repeat("k", MaxKey): true,
		"": false, strings.Repeat("k", MaxKey+1): false, "a\tb": false, "ö": false, "\x7f": false,
	} {
		if err := CheckKey(key); (err == nil) != want {
			t.Errorf("CheckKey(%.40q): %v, want that it is right: %v", key, err, want)
		}
	}
}
