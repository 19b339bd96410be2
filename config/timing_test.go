package config

import (
	"errors"
	"strings"
	"testing"
)

func TestTiming_IsCheckedTogether(t *testing.T) {
	set := env{"UNDERSTUDY_ORPHAN_AFTER": "5s", "UNDERSTUDY_STOP_GRACE": "12s"}
	setenv(t, set)
	_, _, err := onMachine()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"UNDERSTUDY_ORPHAN_AFTER=5s", "UNDERSTUDY_HEARTBEAT_INTERVAL=1s", "UNDERSTUDY_STOP_GRACE=12s"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
	_, smallest, ok := strings.Cut(err.Error(), "want ")
	smallest, _, ok2 := strings.Cut(smallest, " or more")
	if !ok || !ok2 {
		t.Fatalf("got %v, want the smallest that would do", err)
	}
	set["UNDERSTUDY_ORPHAN_AFTER"] = smallest
	setenv(t, set)
	if _, _, err := onMachine(); err != nil {
		t.Errorf("the value that the message wants is refused: %v", err)
	}
}

func TestTiming_RefusesNegativeOrphanAfter(t *testing.T) {
	for _, value := range []string{"0", "-1s"} {
		setenv(t, env{"UNDERSTUDY_ORPHAN_AFTER": value})
		if _, _, err := onMachine(); err == nil || !strings.Contains(err.Error(), "too short") {
			t.Errorf("%s: got %v, want too short", value, err)
		}
	}
}

// All mistakes are reported at once, not the next one after the first is corrected.
func TestTiming_ReportsImpossibleOrphanAfterWithOtherMistakes(t *testing.T) {
	for _, beside := range []string{"UNDERSTUDY_HEARTBEAT_INTERVAL", "UNDERSTUDY_STOP_GRACE", "UNDERSTUDY_CONNECT_TIMEOUT"} {
		for _, value := range []string{"-3s", "0", "799ms", "25h"} {
			setenv(t, env{"UNDERSTUDY_ORPHAN_AFTER": value, beside: "60"})
			_, _, err := onMachine()
			var wrong *Error
			if !errors.As(err, &wrong) || len(wrong.Mistakes) != 2 || !strings.Contains(err.Error(), "UNDERSTUDY_ORPHAN_AFTER=") || !strings.Contains(err.Error(), beside+`="60"`) {
				t.Errorf("%s beside %s: got %v, want both", value, beside, err)
			}
		}
		setenv(t, env{"UNDERSTUDY_ORPHAN_AFTER": "800ms", beside: "x"}) // long enough for some
		if _, _, err := onMachine(); beside != "UNDERSTUDY_CONNECT_TIMEOUT" && strings.Contains(err.Error(), "UNDERSTUDY_ORPHAN_AFTER") {
			t.Errorf("beside %s: got %v", beside, err)
		}
	}
}
