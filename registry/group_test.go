package registry

import (
	"strings"
	"testing"
)

func TestCheckGroup_AcceptsNamesOfHarmlessCharacters(t *testing.T) {
	for _, tt := range []struct {
		name string
		ok   bool
	}{
		{"default", true}, {"a", true}, {"0", true}, {"A.b_c-d/e:f@g", true}, {strings.Repeat("x", 100), true},
		{"..", true}, {"-", true},
		{"", false}, {strings.Repeat("x", 101), false}, {" ", false}, {"a b", false}, {"a\n", false}, {"a\x00", false},
		{"ä", false}, {"\xff", false}, {"$where", false}, {"a*", false}, {"a\\b", false}, {`a"b`, false}, {"a;b", false},
		{"\x1b[31m", false}, {"a\u202eb", false},
	} {
		err := CheckGroup(tt.name)
		if (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.name, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x00\x1b\n\u202e") {
			t.Errorf("%q: the error has control characters in it: %q", tt.name, err)
		}
	}
}
