package config

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/understudy-go/understudy/registry"
)

const (
	maxPriority = 1_000_000
	mostRuns    = 1000 // at a time
	minConnect  = 100 * time.Millisecond
	maxConnect  = 365 * 24 * time.Hour
)

// parse converts and checks every value, and notes all mistakes.
func (s *input) parse(m *mistakes) (c Config, warnings []string) {
	var path string
	c.Registry, path = s.registry(m)
	c.Database = s.database(m, c.Registry.Kind, path)
	if c.Registry.Path != "" && s.at.perishable(c.Registry.Path) {
		warnings = append(warnings, s.name(EnvRegistry)+": "+Perishable)
	}
	if s.Database != "" && c.Registry.Kind == SQLite {
		warnings = append(warnings, EnvDatabase+" has no effect on a SQLite registry")
	}
	c.Group = s.Group
	if err := registry.CheckGroup(s.Group); err != nil {
		m.add(s.name(EnvGroup), s.Group, "%v", err)
	}
	c.Host = s.host(m, os.Hostname)
	c.Priority = s.priority(m)
	c.Timing = s.timing(m)
	c.ConnectTimeout, _ = duration(m, EnvConnectTimeout, s.ConnectTimeout, minConnect, maxConnect)
	c.Restart = choice(m, EnvRestart, s.Restart, restarts...)
	c.Isolation = s.isolation(m, runtime.GOOS)
	c.OnChange = s.onChange(m)
	c.Jobs = s.jobs(m)
	c.MaxRuns = s.maxRuns(m)
	c.HTTPAddr = s.httpAddr(m)
	c.APITokenFile = secretFile(m, EnvAPITokenFile, s.APITokenFile, "token")
	c.WebhookSecretFile = secretFile(m, EnvWebhookSecretFile, s.WebhookSecretFile, "secret")
	if c.APITokenFile != "" && s.HTTPAddr == "" {
		warnings = append(warnings, EnvAPITokenFile+" has no effect without "+EnvHTTPAddr)
	}
	c.LogLevel = choice(m, EnvLogLevel, s.LogLevel, "debug", "info", "warn", "error")
	c.LogFormat = choice(m, EnvLogFormat, s.LogFormat, LogAuto, LogConsole, LogJSON)
	return c, warnings
}

func (s settings) host(m *mistakes, hostname func() (string, error)) string {
	usable := func(name string) bool {
		odd := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }
		return name != "" && len(name) <= 255 && utf8.ValidString(name) && !strings.ContainsFunc(name, odd)
	}
	if s.Host != "" {
		switch {
		case unexpanded().MatchString(s.Host):
			m.add(EnvHost, s.Host, notExpanded)
		case !usable(s.Host):
			m.add(EnvHost, s.Host, "want a name of at most 255 bytes without spaces and control characters")
		}
		return s.Host
	}
	name, err := hostname()
	if err != nil || !usable(name) {
		m.note("%s is not set, and this machine has no usable name: want a name for it", EnvHost)
	}
	return name
}

func (s settings) priority(m *mistakes) int {
	n, err := strconv.Atoi(s.Priority)
	if err != nil || n < -maxPriority || n > maxPriority {
		m.add(EnvPriority, s.Priority, "want a whole number from %d to %d", -maxPriority, maxPriority)
		return 0
	}
	return n
}

// onChange refuses what only a shell understands. The program would get it literally
// and do something else, and nobody would notice before the first takeover.
func (s settings) onChange(m *mistakes) string {
	if strings.ContainsFunc(s.OnChange, unicode.IsControl) {
		m.add(EnvOnChange, s.OnChange, "want a program and its arguments on one line, separated by spaces")
	} else if syntax := shellSyntax(s.OnChange); syntax != "" {
		m.note("%s: it has %s in it, but no shell reads it: write the line into a script, and name the script here", EnvOnChange, syntax)
	}
	return s.OnChange
}

// jobs checks the path of the jobs file. Whether there is such a file, whoever reads it
// finds out.
func (s *input) jobs(m *mistakes) string {
	switch {
	case s.Jobs == "":
		return ""
	case unexpanded().MatchString(s.Jobs):
		m.add(s.name(EnvJobs), s.Jobs, notExpanded)
	case strings.HasPrefix(s.Jobs, "~"):
		m.add(s.name(EnvJobs), s.Jobs, noHome)
	case strings.ContainsFunc(s.Jobs, unicode.IsControl):
		m.add(s.name(EnvJobs), s.Jobs, "want the path of a jobs file")
	}
	return s.Jobs
}

func (s settings) maxRuns(m *mistakes) int {
	n, err := strconv.Atoi(s.MaxRuns)
	if err != nil || n < 1 || n > mostRuns {
		m.add(EnvMaxRuns, s.MaxRuns, "want a whole number from 1 to %d", mostRuns)
		return 1
	}
	return n
}

func (s settings) httpAddr(m *mistakes) string {
	if s.HTTPAddr == "" {
		return ""
	}
	if unexpanded().MatchString(s.HTTPAddr) {
		m.add(EnvHTTPAddr, s.HTTPAddr, notExpanded)
		return ""
	}
	host, port, err := net.SplitHostPort(s.HTTPAddr)
	odd := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == '/' }
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || !utf8.ValidString(host) || strings.ContainsFunc(host, odd) {
		m.add(EnvHTTPAddr, s.HTTPAddr, "want HOST:PORT or :PORT, such as 127.0.0.1:8080, with a port from 0 (any) to 65535")
	}
	return s.HTTPAddr
}

// secretFile checks the path of a file that holds a secret. Whoever uses the secret reads
// the file. The value is not shown: it may be the secret itself, where the path belongs.
func secretFile(m *mistakes, name, value, what string) string {
	switch {
	case unexpanded().MatchString(value):
		m.note("%s: %s", name, notExpanded)
	case strings.Contains(value, "://") || strings.ContainsFunc(value, unicode.IsControl):
		m.note("%s: want the path of a file that holds the %s", name, what)
	}
	return value
}

// duration parses a duration between two bounds. It returns false if it has noted a
// mistake.
func duration(m *mistakes, name, value string, least, most time.Duration) (time.Duration, bool) {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		example := "60s"
		if _, err := strconv.ParseUint(value, 10, 32); err == nil {
			example = value + "s"
		}
		m.add(name, value, "want a duration such as %s", example)
	case d < least:
		m.add(name, value, "want %v or more", least)
	case d > most:
		m.add(name, value, "want %dh or less", most/time.Hour)
	default:
		return d, true
	}
	return 0, false
}

// choice returns the one of some words that a value is.
func choice[T ~string](m *mistakes, name, value string, choices ...T) T {
	if slices.Contains(choices, T(value)) {
		return T(value)
	}
	list := fmt.Sprint(choices[0])
	for i, c := range choices[1:] {
		if i < len(choices)-2 {
			list += fmt.Sprintf(", %s", c)
		} else {
			list += fmt.Sprintf(" or %s", c)
		}
	}
	m.add(name, value, "want %s", list)
	return ""
}
