package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each variable gets each character: a value with one of them in it would be another
// registry, group or database that looks the same.
func TestStrayCharacter_IsNamedAndTheValueIsNot(t *testing.T) {
	const value = "hunter2"
	for _, tt := range []struct{ text, want string }{
		{" " + value, "it begins with a space: remove it"},
		{value + " ", "it ends with a space"},
		{" ", "it begins with a space"},
		{`"` + value + `"`, `it begins with a quote (")`},
		{value + `'`, "it ends with a quote (')"},
		{"“" + value + "”", "it begins with a quote (“)"},
		{"\uFEFF" + value, "it begins with a byte order mark (U+FEFF)"},
		{value + "\n", "it ends with a line break"},
		{value + "\r", "it ends with a line break"},
		{value + "\n" + value, "it has a line break in it"},
		{value + "\u2028" + value, "it has a line break in it"},
		{value + "\t" + value, "it has a tab in it"},
		{value + "\u200b", "it ends with an invisible character (U+200B)"},
		{value + "\u202e" + value, "it has an invisible character (U+202E) in it"},
		{value + "\u00a0" + value, "it has a space that is not the usual one (U+00A0) in it"},
		{value + "\xff", "it ends with a byte that is not UTF-8"},
		{"\xff\xfeh\x01", "it begins with a byte order mark of UTF-16"},
	} {
		for _, v := range Variables {
			e := env{"UNDERSTUDY_REGISTRY": "mongodb://h"}
			if v.Name == "UNDERSTUDY_REGISTRY_FILE" {
				delete(e, "UNDERSTUDY_REGISTRY")
			}
			e[v.Name] = tt.text
			setenv(t, e)
			_, _, err := onMachine()
			var wrong *Error
			if !errors.As(err, &wrong) || len(wrong.Mistakes) != 1 {
				t.Errorf("%s=%q: got %v, want one mistake", v.Name, tt.text, err)
				continue
			}
			if got := wrong.Mistakes[0]; !strings.HasPrefix(got, v.Name+": "+tt.want) || strings.Contains(got, value) {
				t.Errorf("%s=%q: got %q, want %q", v.Name, tt.text, got, tt.want)
			}
		}
	}
}

func TestStrayCharacter_AcceptsPlainText(t *testing.T) {
	for _, value := range []string{"", "a", "a b", "bob's", `a"b`, "zürich", "می\u200cخواهم", "mongodb://u:p'w@h/?a=b", `C:\Users\a b\x.db`, "\uFFFD"} {
		if what := StrayCharacter(value); what != "" {
			t.Errorf("%q: %s", value, what)
		}
	}
}

// An environment file with ${X} in it makes an empty variable if there is no X.
func TestLoad_RefusesEmptyVitalVariables(t *testing.T) {
	uri := filepath.Join(t.TempDir(), "uri")
	if err := os.WriteFile(uri, []byte("mongodb://h"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range Variables {
		for _, e := range []env{{v.Name: ""}, {v.Name: "", "UNDERSTUDY_REGISTRY": "mongodb://h"}, {v.Name: "", "UNDERSTUDY_REGISTRY_FILE": uri}} {
			e[v.Name] = ""
			setenv(t, e)
			_, _, err := onMachine()
			want := ""
			switch v.Name {
			case "UNDERSTUDY_REGISTRY", "UNDERSTUDY_REGISTRY_FILE", "UNDERSTUDY_DATABASE", "UNDERSTUDY_GROUP", "UNDERSTUDY_JOBS":
				want = v.Name + " is set but empty"
			}
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%v: got %v, want %q", e, err, want)
			}
		}
	}
}
