package heartbeat

import (
	"testing"
	"time"
)

func TestAnnounced_EachFactOnce(t *testing.T) {
	for name, tell := range map[string]func(a *announced) bool{
		"exhausted":     (*announced).isExhausted,
		"vacant":        (*announced).isVacant,
		"silent":        (*announced).isSilent,
		"alone":         (*announced).isAlone,
		"stuck":         (*announced).isStuck,
		"unseen":        func(a *announced) bool { return a.isUnseen(7) },
		"claimed":       func(a *announced) bool { return a.isClaimed(other) },
		"other command": func(a *announced) bool { return a.hasOtherCommand(other) },
		"standing by":   func(a *announced) bool { return a.standsBy(7, now, second) },
	} {
		var a announced
		if !tell(&a) {
			t.Errorf("%s: not told", name)
		}
		if tell(&a) {
			t.Errorf("%s: told twice", name)
		}
	}
}

func TestAnnounced_AnotherCaseIsAnotherFact(t *testing.T) {
	var a announced
	a.isUnseen(7)
	a.isClaimed(other)
	a.hasOtherCommand(other)
	if !a.isUnseen(8) || !a.isClaimed(third) || !a.hasOtherCommand(third) {
		t.Errorf("not told: %+v", a)
	}
}

func TestAnnounced_TermsOfPeersOncePerInterval(t *testing.T) {
	var a announced
	for _, tt := range []struct {
		term int64
		at   time.Duration
		want bool
	}{{1, now, true}, {2, now + 1, false}, {3, now + second - 1, false}, {3, now + second, true}, {3, now + 9*second, false}} {
		if got := a.standsBy(tt.term, tt.at, second); got != tt.want {
			t.Errorf("term %d at %v: told: %v", tt.term, tt.at-now, got)
		}
	}
}

func TestAnnounced_HolderThatIsSilentAndBeatsAgain(t *testing.T) {
	var a announced
	if a.beatsAgain() {
		t.Error("beats again, but was not told to be silent")
	}
	a.isSilent()
	if !a.beatsAgain() || a.beatsAgain() || !a.isSilent() {
		t.Errorf("not told by turns: %+v", a)
	}
	if a.standsBy(8, now, second); !a.isSilent() {
		t.Error("the next holder is not told to be silent")
	}
}

func TestAnnounced_OwnTermMakesWay(t *testing.T) {
	var a announced
	a.isVacant()
	a.isStuck()
	a.hasOtherCommand(other)
	a.termBegun()
	if !a.isVacant() || !a.isStuck() {
		t.Error("what may happen again in a term is not told")
	}
	if a.hasOtherCommand(other) {
		t.Error("what goes on is logged again")
	}
}
