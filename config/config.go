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
	Database string // on MongoDB; empty for SQLite
	Group    string
	Host     string
	// Priority goes into the instance's record. It takes effect in Candidate of each
	// backend of the registry, which finds the senior one: the candidate with the highest
	// priority, and among equals the oldest.
	Priority int
	// Timing is what the instance promises its peers, and what its lease follows from.
	Timing registry.Timing
	// ConnectTimeout bounds how long the start tries to reach the registry.
	ConnectTimeout time.Duration
	Restart        Restart
	// Isolation is what keeps the processes of a command, and of a run of a job, together.
	Isolation Isolation
	// OnChange is the hook: a program and its arguments, separated by spaces, or empty.
	OnChange string
	// Jobs is the path of the jobs file, or empty.
	Jobs string
	// MaxRuns bounds how many runs of jobs are processed at a time.
	MaxRuns int
	// HTTPAddr is where the admin server serves probes, metrics and the page, or empty.
	HTTPAddr string
	// APITokenFile is the path of the file with the token of the HTTP API of jobs, or empty:
	// the API is off then.
	APITokenFile string
	// WebhookSecretFile is the path of the file with the secret that signs what is sent when a
	// run has ended, or empty: nothing is signed then.
	WebhookSecretFile string
	LogLevel          string // debug, info, warn, error
	LogFormat         LogFormat
}

// LogFormat says how the log is written.
type LogFormat string

const (
	LogAuto    LogFormat = "auto" // console on a terminal, else JSON
	LogConsole LogFormat = "console"
	LogJSON    LogFormat = "json"
)

// Load reads the environment of this process. It returns warnings, one line each, also
// together with an error. The error is an [*Error].
func Load() (c Config, warnings []string, err error) { return LoadWith(Flags{}) }

// LoadWith does what Load does, with flags that override the environment.
func LoadWith(flags Flags) (c Config, warnings []string, err error) { return load(flags, here()) }

func load(flags Flags, at place) (c Config, warnings []string, err error) {
	var s settings
	if err := envconfig.Process(strings.TrimSuffix(EnvPrefix, "_"), &s); err != nil {
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

// String shows the configuration as variables of an environment, with secrets redacted.
func (c Config) String() string {
	var b strings.Builder
	for _, v := range Variables {
		if v.shown == nil {
			continue
		}
		text := fmt.Sprint(v.shown(c))
		if text == "" {
			continue
		}
		if quoted := fmt.Sprintf("%q", text); strings.Contains(text, " ") || quoted != `"`+text+`"` {
			text = quoted
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.Name + "=" + text)
	}
	return b.String()
}
