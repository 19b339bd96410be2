package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kelseyhightower/envconfig"
)

func TestVariables_AreDescribed(t *testing.T) {
	if n := reflect.TypeFor[settings]().NumField(); len(Variables) != n {
		t.Fatalf("%d variables for %d fields", len(Variables), n)
	}
	for _, v := range Variables {
		if !strings.HasPrefix(v.Name, "UNDERSTUDY_") || v.Help == "" || v.Default != "" && v.Otherwise != "" {
			t.Errorf("%+v", v)
		}
		if strings.ContainsAny(v.Help+v.Default+v.Otherwise, "|\n\t") {
			t.Errorf("%s would break a table", v.Name)
		}
		if secret := strings.HasPrefix(v.Name, "UNDERSTUDY_REGISTRY"); v.Secret != secret {
			t.Errorf("%s: secret is %t", v.Name, v.Secret)
		}
	}
}

func TestHelp_ListsEachVariable(t *testing.T) {
	table := strings.Split(strings.TrimSuffix(Table(), "\n"), "\n")
	if len(table) != len(Variables)+2 {
		t.Fatalf("%d lines in the table", len(table))
	}
	usage := strings.Split(strings.TrimSuffix(Usage(), "\n"), "\n")
	if len(usage) != len(Variables) {
		t.Fatalf("%d lines of usage", len(usage))
	}
	column := strings.Index(usage[0], Variables[0].Help)
	for i, v := range Variables {
		if row := table[i+2]; strings.Count(row, "|") != 4 || !strings.HasPrefix(row, "| `"+v.Name+"` | ") || !strings.Contains(row, v.Help) {
			t.Errorf("row %q of %s", row, v.Name)
		}
		if !strings.HasPrefix(usage[i], "  "+v.Name) || strings.Index(usage[i], v.Help) != column || !strings.Contains(usage[i], v.Default) {
			t.Errorf("line %q of %s", usage[i], v.Name)
		}
	}
}

// A variable that parse does not check would be accepted with any value.
func TestLoad_ChecksEachVariable(t *testing.T) {
	for _, v := range Variables {
		e := env{"UNDERSTUDY_REGISTRY": "mongodb://h"}
		if v.Name == "UNDERSTUDY_REGISTRY_FILE" {
			delete(e, "UNDERSTUDY_REGISTRY")
		}
		e[v.Name] = "no \x01 value"
		setenv(t, e)
		if _, _, err := onMachine(); err == nil || !strings.Contains(err.Error(), v.Name) {
			t.Errorf("%s: got %v", v.Name, err)
		}
	}
}

func TestConfig_StringShowsDefaults(t *testing.T) {
	setenv(t, nil)
	c, _, err := onMachine()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range Variables {
		if v.Default != "" && !strings.Contains(c.String(), v.Name+"=") {
			t.Errorf("%s is not in %s", v.Name, c)
		}
	}
}

// envconfig finds a variable by the name of a field, and the table finds the field by a
// function: both have to mean the same one.
func TestVariables_NameTheFieldsOfTheSettings(t *testing.T) {
	e := env{}
	for _, v := range Variables {
		e[v.Name] = "value of " + v.Name
	}
	setenv(t, e)
	var s settings
	if err := envconfig.Process(strings.TrimSuffix(EnvPrefix, "_"), &s); err != nil {
		t.Fatal(err)
	}
	for _, v := range Variables {
		if got := *v.field(&s); got != e[v.Name] {
			t.Errorf("the field of %s holds %q", v.Name, got)
		}
	}
}
