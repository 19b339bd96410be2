package config

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"

	"github.com/understudy-go/understudy/registry"
)

// Config is the validated configuration of one instance.
type Config struct {
	Registry Registry
	// Database is MongoDB's; empty for SQLite.
	Database string
	Group    string
	Host     string
	Priority int
	Timing   registry.Timing
	// ConnectTimeout is how long to try to reach the registry at start.
	ConnectTimeout time.Duration
	Restart        Restart
	// OnChange is a program and its arguments, separated by spaces, or empty.
	OnChange string
	// HTTPAddr is where to serve probes, metrics and the page, or empty.
	HTTPAddr  string
	LogLevel  string // debug, info, warn, error
	LogFormat LogFormat
}

// LogFormat says how the log is written.
type LogFormat string

const (
	LogAuto    LogFormat = "auto" // console on a terminal, else JSON
	LogConsole LogFormat = "console"
	LogJSON    LogFormat = "json"
)

// Load reads the environment of this process. Warnings, one line each, come
// with and without an error. The error is an [*Error].
func Load() (c Config, warnings []string, err error) { return LoadWith(Flags{}) }

// LoadWith is Load with flags that beat the environment.
func LoadWith(flags Flags) (c Config, warnings []string, err error) { return load(flags, here()) }

func load(flags Flags, at place) (c Config, warnings []string, err error) {
	var s settings
	if err := envconfig.Process("", &s); err != nil {
		return Config{}, nil, fmt.Errorf("environment: %w", err)
	}
	set := func(variable string) bool { _, ok := os.LookupEnv(variable); return ok }
	in := newInput(s, flags, set, at)
	var m mistakes
	in.prepare(&m)
	c, warnings = in.parse(&m)
	warnings = append(warnings, unknown(&m, os.Environ())...)
	if len(m) > 0 {
		return Config{}, warnings, &Error{Mistakes: m}
	}
	return c, warnings, nil
}

// String shows the configuration as it would be set, secrets redacted.
func (c Config) String() string {
	var b strings.Builder
	for _, v := range []struct {
		name  string
		value any
	}{
		{EnvRegistry, c.Registry},
		{EnvDatabase, c.Database},
		{EnvGroup, c.Group},
		{EnvHost, c.Host},
		{EnvPriority, c.Priority},
		{EnvInterval, c.Timing.Interval},
		{EnvOrphanAfter, c.Timing.OrphanAfter},
		{EnvStopGrace, c.Timing.StopGrace},
		{EnvConnectTimeout, c.ConnectTimeout},
		{EnvRestart, c.Restart},
		{EnvOnChange, hideURIs(c.OnChange)},
		{EnvHTTPAddr, c.HTTPAddr},
		{EnvLogLevel, c.LogLevel},
		{EnvLogFormat, c.LogFormat},
	} {
		text := fmt.Sprint(v.value)
		if text == "" {
			continue
		}
		if quoted := fmt.Sprintf("%q", text); strings.Contains(text, " ") || quoted != `"`+text+`"` {
			text = quoted
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.name + "=" + text)
	}
	return b.String()
}
