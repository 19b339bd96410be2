package editdistance

import "testing"

func TestBetween(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1},
		{"abc", "bca", 2}, {"kitten", "sitting", 3}, {"abcd", "badc", 2}, {"ca", "abc", 3},
	}
	for _, tt := range tests {
		if got := Between(tt.a, tt.b); got != tt.want {
			t.Errorf("Between(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := Between(tt.b, tt.a); got != tt.want {
			t.Errorf("Between(%q, %q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestClosest_FindsTheNameThatWasMeant(t *testing.T) {
	names := []string{"schedule", "timeout", "env", "at"}
	for typed, want := range map[string]string{
		"shedule": "schedule", "scheduel": "schedule", "timout": "timeout", "envs": "env", "nev": "env", "to": "", "in": "", "schedulers": "schedule", "description": "", "": "",
	} {
		if got := Closest(typed, names); got != want {
			t.Errorf("Closest(%q) = %q, want %q", typed, got, want)
		}
	}
}
