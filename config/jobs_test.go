package config

import (
	"strings"
	"testing"
	"time"
)

func TestLoadForJobs_ReadsNothingElse(t *testing.T) {
	setenv(t, env{EnvRegistry: "", EnvRegistryFile: "/no/such/file", EnvOrphanAfter: "soon", EnvPriority: "high", "UNDERSTUDY_STOP_GRASE": "1s"})
	group, grace, err := LoadForJobs(Flags{})
	if err != nil || group != "default" || grace != 10*time.Second {
		t.Errorf("%q, %v, %v", group, grace, err)
	}
	t.Setenv(EnvGroup, "orders")
	t.Setenv(EnvStopGrace, "5m")
	if group, grace, err = LoadForJobs(Flags{}); err != nil || group != "orders" || grace != 5*time.Minute {
		t.Errorf("%q, %v, %v", group, grace, err)
	}
	if group, _, err = LoadForJobs(Flags{Group: new("other")}); err != nil || group != "other" {
		t.Errorf("%q, %v", group, err)
	}
}

func TestLoadForJobs_ReportsAllMistakes(t *testing.T) {
	setenv(t, env{EnvGroup: "a b", EnvStopGrace: "10"})
	_, _, err := LoadForJobs(Flags{})
	for _, want := range []string{`UNDERSTUDY_GROUP="a b": group name`, `UNDERSTUDY_STOP_GRACE="10": want a duration such as 10s`} {
		if err == nil || strings.Count(err.Error(), want) != 1 {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, _, err = LoadForJobs(Flags{Group: new("")}); err == nil || !strings.Contains(err.Error(), "--group is set but empty") {
		t.Errorf("got %v", err)
	}
}
