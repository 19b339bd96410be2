package config

import (
	"fmt"
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
		if secret := strings.HasPrefix(v.Name, "UNDERSTUDY_REGISTRY") || strings.HasSuffix(v.Name, "_TOKEN_FILE") || strings.HasSuffix(v.Name, "_SECRET_FILE"); v.Secret != secret {
			t.Errorf("%s: secret is %t", v.Name, v.Secret)
		}
		if (v.shown == nil) != (v.Name == "UNDERSTUDY_REGISTRY_FILE") { // the registry is shown in its place
			t.Errorf("%s: Config.String has to show each variable but UNDERSTUDY_REGISTRY_FILE", v.Name)
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

// A variable that parse does not take over would have no effect.
func TestLoad_TakesEachVariableOver(t *testing.T) {
	values := env{
		EnvRegistry: "mongodb://h/", EnvDatabase: "d", EnvGroup: "g", EnvHost: "h", EnvPriority: "7",
		EnvInterval: "1.5s", EnvOrphanAfter: "2m0s", EnvStopGrace: "11s", EnvConnectTimeout: "12s",
		EnvRestart: "never", EnvIsolation: "none", EnvOnChange: "/bin/true", EnvJobs: "jobs.yaml", EnvMaxRuns: "9", EnvHTTPAddr: ":8080", EnvAPITokenFile: "/run/secrets/token", EnvWebhookSecretFile: "/run/secrets/webhook",
		EnvLogLevel: "debug", EnvLogFormat: "json",
	}
	setenv(t, values)
	c, _, err := onMachine()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range Variables {
		if v.shown == nil {
			continue
		}
		want := values[v.Name]
		if want == "" || want == v.Default {
			t.Errorf("%s: this test needs a value that is not the default", v.Name)
		}
		if got := fmt.Sprint(v.shown(c)); got != want {
			t.Errorf("%s is %q, want %q", v.Name, got, want)
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
