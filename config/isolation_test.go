package config

import (
	"strings"
	"testing"
)

func TestIsolation_OnlyLinuxHasAllOfThem(t *testing.T) {
	for _, tt := range []struct {
		value, system, want string // want: a part of the mistake; empty: there is none
	}{
		{"auto", "linux", ""},
		{"none", "linux", ""},
		{"cgroup", "linux", ""},
		{"pid", "linux", ""},
		{"auto", "darwin", ""},
		{"none", "windows", ""},
		{"cgroup", "darwin", "UNDERSTUDY_ISOLATION=\"cgroup\": only Linux has it, and this is darwin: want auto or none"},
		{"pid", "windows", "UNDERSTUDY_ISOLATION=\"pid\": only Linux has it, and this is windows: want auto or none"},
		{"PID", "linux", "UNDERSTUDY_ISOLATION=\"PID\": want auto, none, cgroup or pid"},
		{"", "linux", "want auto, none, cgroup or pid"},
	} {
		var m mistakes
		settings{Isolation: tt.value}.isolation(&m, tt.system)
		if got := strings.Join(m, "\n"); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%q on %s: got %q, want %q in it", tt.value, tt.system, got, tt.want)
		}
		if err := Isolation(tt.value).checkOn(tt.system); (err == nil) != (tt.want == "") {
			t.Errorf("%q on %s: Check returned %v", tt.value, tt.system, err)
		}
	}
}
