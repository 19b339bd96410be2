package config

import (
	"testing"
)

func TestEditDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1},
		{"abc", "bca", 2}, {"kitten", "sitting", 3}, {"abcd", "badc", 2}, {"ca", "abc", 3},
	}
	for _, tt := range tests {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := editDistance(tt.b, tt.a); got != tt.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

// If two variables were within two edits of each other, a typo in one name could be the
// other name.
func TestVariables_AreFarApart(t *testing.T) {
	for _, a := range Variables {
		for _, b := range Variables {
			if a.Name != b.Name && editDistance(a.Name, b.Name) <= 2 {
				t.Errorf("%s and %s are %d edits apart", a.Name, b.Name, editDistance(a.Name, b.Name))
			}
		}
	}
}
