package config

import (
	"os"
	"strings"
	"testing"
)

func TestLoadWith_FlagsOverrideTheEnvironment(t *testing.T) {
	for _, e := range []env{
		{"UNDERSTUDY_REGISTRY": "mongodb://other", "UNDERSTUDY_GROUP": "other"},
		{"UNDERSTUDY_REGISTRY_FILE": "/no/such/file"},
		{"UNDERSTUDY_REGISTRY": "mongodb://a", "UNDERSTUDY_REGISTRY_FILE": "/no/such/file"},
		{"UNDERSTUDY_REGISTRY": "", "UNDERSTUDY_REGISTRY_FILE": "", "UNDERSTUDY_GROUP": ""}, // nobody asks for them
		{"UNDERSTUDY_REGISTRY": "nonsense ", "UNDERSTUDY_GROUP": "a b"},
		{"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
	} {
		setenv(t, e)
		c, _, err := LoadWith(Flags{Registry: new("mongodb://u:pw@h/app"), Group: new("g")})
		if err != nil || c.Group != "g" || c.Registry.URI.Reveal() != "mongodb://u:pw@h/app" || c.Database != "app" || c.Registry.Implicit {
			t.Errorf("%v: got %v, error %v", e, c, err)
		}
	}
}

func TestLoadWith_ChecksFlagsLikeVariables(t *testing.T) {
	for _, tt := range []struct {
		flags Flags
		want  string
	}{
		{Flags{Group: new("a b")}, `--group="a b": group name "a b" has ' ' in it`},
		{Flags{Group: new("")}, "--group is set but empty"},
		{Flags{Group: new("g ")}, "--group: it ends with a space"},
		{Flags{Group: new("mongodb://u:hunter2@h")}, `--group="mongodb://u:xxxxx@h/": a URI belongs in UNDERSTUDY_REGISTRY`},
		{Flags{Registry: new("")}, "--registry is set but empty"},
		{Flags{Registry: new("mongodb://u:hunter2@")}, `--registry="mongodb://xxxxx": host 1 of 1`},
		{Flags{Registry: new("hunter2")}, `--registry="xxxxx": want mongodb://`},
		{Flags{Registry: new("mongodb://u:hunter2@h ")}, "--registry: it ends with a space"},
		{Flags{Registry: new("sqlite:/no/such/dir/x.db")}, `--registry="sqlite:/no/such/dir/x.db": its directory does not exist`},
	} {
		setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h", "UNDERSTUDY_GROUP": "fine"})
		_, _, err := load(tt.flags, place{getenv: os.Getenv})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2@") {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
