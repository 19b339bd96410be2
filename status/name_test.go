package status

import (
	"strings"
	"testing"
)

func TestName_ShortensLongHosts(t *testing.T) {
	for host, want := range map[string]string{
		"db1": "db1/000001", "": "?/000001", strings.Repeat("x", 64): strings.Repeat("x", 64) + "/000001",
		"begin" + strings.Repeat("主", 245) + "end": "begin" + strings.Repeat("主", 34) + "…" + strings.Repeat("主", 21) + "end/000001",
	} {
		if got := Name(host, id(1)); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}
