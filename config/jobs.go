package config

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"

	"github.com/understudy-go/understudy/registry"
)

// LoadForJobs reads what a jobs file is checked against: the group, whose name decides what
// an H in a schedule stands for, and the stop grace. No other variable matters, so that a
// file can be checked where no instance could run. The error is an [*Error].
func LoadForJobs(flags Flags) (group string, stopGrace time.Duration, err error) {
	var all settings
	if err := envconfig.Process(strings.TrimSuffix(EnvPrefix, "_"), &all); err != nil {
		return "", 0, fmt.Errorf("environment: %w", err)
	}
	set := func(variable string) bool {
		_, ok := os.LookupEnv(variable)
		return ok && (variable == EnvGroup || variable == EnvStopGrace)
	}
	in := newInput(settings{Group: all.Group, StopGrace: all.StopGrace}, Flags{Group: flags.Group}, set, place{})
	var m mistakes
	in.prepare(&m)
	if err := registry.CheckGroup(in.Group); err != nil {
		m.add(in.name(EnvGroup), in.Group, "%v", err)
	}
	stopGrace, _ = duration(&m, EnvStopGrace, in.StopGrace, registry.MinStopGrace, registry.MaxStopGrace)
	if len(m) > 0 {
		return "", 0, &Error{Mistakes: m}
	}
	return in.Group, stopGrace, nil
}
