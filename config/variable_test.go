package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestVariablesAreDocumented(t *testing.T) {
	if n := reflect.TypeFor[settings]().NumField(); len(Variables) != n {
		t.Fatalf("%d variables for %d fields", len(Variables), n)
	}
	for _, v := range Variables {
		if !strings.HasPrefix(v.Name, "UNDERSTUDY_") || v.Help == "" || v.Default != "" && v.Otherwise != "" {
			t.Errorf("%+v", v)
		}
		if strings.ContainsAny(v.Help+v.Default+v.Otherwise, "|\n\t") {
			t.Errorf("%s breaks a table", v.Name)
		}
		if secret := strings.HasPrefix(v.Name, "UNDERSTUDY_REGISTRY"); v.Secret != secret {
			t.Errorf("%s: secret is %t", v.Name, v.Secret)
		}
	}
}

func TestTables(t *testing.T) {
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

// A variable that parse forgot would be accepted whatever it says.
func TestEveryVariableIsChecked(t *testing.T) {
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

func TestStringsOfDefaults(t *testing.T) {
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
