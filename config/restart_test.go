package config

import (
	"strings"
	"testing"
)

func TestRestart_CheckNamesTheValueAndTheChoices(t *testing.T) {
	for _, r := range restarts {
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", r, err)
		}
	}
	err := Restart("sometimes").Check()
	if want := `restart policy "sometimes": want always, on-failure or never`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestRestart_IsFinalDependsOnTheExitCode(t *testing.T) {
	for _, tt := range []struct {
		r    Restart
		code int
		want bool
	}{
		{RestartAlways, 0, false},
		{RestartAlways, 1, false},
		{RestartOnFailure, 0, true},
		{RestartOnFailure, 1, false},
		{RestartNever, 0, true},
		{RestartNever, 1, true},
	} {
		if got := tt.r.IsFinal(tt.code); got != tt.want {
			t.Errorf("%s, exit code %d: final is %v, want %v", tt.r, tt.code, got, tt.want)
		}
	}
}
