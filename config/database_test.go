package config

import (
	"strings"
	"testing"
)

// If the variable is refused, the database of the URI is not checked as well: another one
// was meant.
func TestDatabase_RefusedOneIsOneMistake(t *testing.T) {
	setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h/admin", "UNDERSTUDY_DATABASE": ""})
	if _, _, err := onMachine(); err == nil || !strings.HasPrefix(err.Error(), "UNDERSTUDY_DATABASE is set but empty") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestDatabase_OfSQLiteIsAWarning(t *testing.T) {
	setenv(t, env{"UNDERSTUDY_DATABASE": "mine"})
	c, warnings, err := onMachine()
	if err != nil || c.Database != "" || len(warnings) != 1 || !strings.Contains(warnings[0], "UNDERSTUDY_DATABASE") {
		t.Errorf("database %q, warnings %q, error %v", c.Database, warnings, err)
	}
}

func TestDatabase_OfTheServerIsNotTakenFromTheURI(t *testing.T) {
	for path, want := range map[string]string{"admin": "the server's own", "a%2Fb": `"a/b"`, "a.b": `"a.b"`} {
		setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://u:pw@h/" + path})
		_, _, err := onMachine()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "UNDERSTUDY_DATABASE is not set") {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}
