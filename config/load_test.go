package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestLoad_Defaults(t *testing.T) {
	home := setenv(t, nil)
	c, warnings, err := onMachine()
	if err != nil || len(warnings) > 0 {
		t.Fatalf("warnings %q, error %v", warnings, err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	path := c.Registry.Path
	if !strings.HasPrefix(path, home) || filepath.Base(path) != "registry.db" {
		t.Errorf("registry in %s, want it below %s", path, home)
	}
	want := Config{
		Registry:       Registry{Kind: SQLite, Path: path, Implicit: true},
		Group:          "default",
		Host:           host,
		Timing:         registry.DefaultTiming,
		ConnectTimeout: 30 * time.Second,
		Restart:        RestartAlways,
		Isolation:      IsolationAuto,
		MaxRuns:        16,
		LogLevel:       "info",
		LogFormat:      LogAuto,
	}
	if c != want {
		t.Errorf("got  %v\nwant %v", c, want)
	}
}

func TestLoad_GoodValues(t *testing.T) {
	uri := func(c Config) string { return c.Registry.URI.Reveal() }
	tests := []struct {
		env  env
		got  func(Config) any
		want any
	}{
		{env{"UNDERSTUDY_GROUP": "eu/billing:v2@a.b_c-d"}, func(c Config) any { return c.Group }, "eu/billing:v2@a.b_c-d"},
		{env{"UNDERSTUDY_GROUP": strings.Repeat("g", 100)}, func(c Config) any { return c.Group }, strings.Repeat("g", 100)},
		{env{"UNDERSTUDY_HOST": "bob's"}, func(c Config) any { return c.Host }, "bob's"},
		{env{"UNDERSTUDY_PRIORITY": ""}, func(c Config) any { return c.Priority }, 0},
		{env{"UNDERSTUDY_ORPHAN_AFTER": ""}, func(c Config) any { return c.Timing.OrphanAfter }, time.Minute},
		{env{"UNDERSTUDY_HOST": "pod-7f.eu"}, func(c Config) any { return c.Host }, "pod-7f.eu"},
		{env{"UNDERSTUDY_HOST": "zürich"}, func(c Config) any { return c.Host }, "zürich"},
		{env{"UNDERSTUDY_JOBS": "a b.yaml"}, func(c Config) any { return c.Jobs }, "a b.yaml"},
		{env{"UNDERSTUDY_MAX_RUNS": ""}, func(c Config) any { return c.MaxRuns }, 16},
		{env{"UNDERSTUDY_MAX_RUNS": "1000"}, func(c Config) any { return c.MaxRuns }, 1000},
		{env{"UNDERSTUDY_PRIORITY": "-5"}, func(c Config) any { return c.Priority }, -5},
		{env{"UNDERSTUDY_PRIORITY": "+1000000"}, func(c Config) any { return c.Priority }, 1_000_000},
		{env{"UNDERSTUDY_PRIORITY": "-1000000"}, func(c Config) any { return c.Priority }, -1_000_000},
		{env{"UNDERSTUDY_HEARTBEAT_INTERVAL": "50ms"}, func(c Config) any { return c.Timing.Interval }, 50 * time.Millisecond},
		{env{"UNDERSTUDY_HEARTBEAT_INTERVAL": "1.5s"}, func(c Config) any { return c.Timing.Interval }, 1500 * time.Millisecond},
		{env{"UNDERSTUDY_ORPHAN_AFTER": "2m30s"}, func(c Config) any { return c.Timing.OrphanAfter }, 150 * time.Second},
		{env{"UNDERSTUDY_STOP_GRACE": "500ms"}, func(c Config) any { return c.Timing.StopGrace }, 500 * time.Millisecond},
		{env{"UNDERSTUDY_CONNECT_TIMEOUT": "100ms"}, func(c Config) any { return c.ConnectTimeout }, 100 * time.Millisecond},
		{env{"UNDERSTUDY_CONNECT_TIMEOUT": "8760h"}, func(c Config) any { return c.ConnectTimeout }, 8760 * time.Hour},
		{env{"UNDERSTUDY_RESTART": "always"}, func(c Config) any { return c.Restart }, RestartAlways},
		{env{"UNDERSTUDY_RESTART": "on-failure"}, func(c Config) any { return c.Restart }, RestartOnFailure},
		{env{"UNDERSTUDY_RESTART": "never"}, func(c Config) any { return c.Restart }, RestartNever},
		{env{"UNDERSTUDY_ON_CHANGE": "/etc/understudy/notify --team ops"}, func(c Config) any { return c.OnChange }, "/etc/understudy/notify --team ops"},
		{env{"UNDERSTUDY_HTTP_ADDR": ":8080"}, func(c Config) any { return c.HTTPAddr }, ":8080"},
		{env{"UNDERSTUDY_HTTP_ADDR": "[::1]:0"}, func(c Config) any { return c.HTTPAddr }, "[::1]:0"},
		{env{"UNDERSTUDY_API_TOKEN_FILE": "/run/secrets/token", "UNDERSTUDY_HTTP_ADDR": ":8080"}, func(c Config) any { return c.APITokenFile }, "/run/secrets/token"},
		{env{"UNDERSTUDY_LOG_LEVEL": "debug"}, func(c Config) any { return c.LogLevel }, "debug"},
		{env{"UNDERSTUDY_LOG_LEVEL": "error"}, func(c Config) any { return c.LogLevel }, "error"},
		{env{"UNDERSTUDY_LOG_FORMAT": "console"}, func(c Config) any { return c.LogFormat }, LogConsole},
		{env{"UNDERSTUDY_LOG_FORMAT": "json"}, func(c Config) any { return c.LogFormat }, LogJSON},

		{env{"UNDERSTUDY_REGISTRY": "mongodb://u:p%40ss@h"}, func(c Config) any { return uri(c) }, "mongodb://u:p%40ss@h"},
		{env{"UNDERSTUDY_REGISTRY": "mongodb://h"}, func(c Config) any { return c.Registry.Kind }, MongoDB},
		{env{"UNDERSTUDY_REGISTRY": "mongodb://h"}, func(c Config) any { return c.Registry.Implicit }, false},
		{env{"UNDERSTUDY_REGISTRY": "mongodb://h"}, func(c Config) any { return c.Database }, "understudy"},
		{env{"UNDERSTUDY_REGISTRY": "mongodb://h/?w=1"}, func(c Config) any { return c.Database }, "understudy"},
		{env{"UNDERSTUDY_REGISTRY": "mongodb://h/app?w=1"}, func(c Config) any { return c.Database }, "app"},
		{env{"UNDERSTUDY_REGISTRY": "mongodb+srv://h.example.com/%61pp"}, func(c Config) any { return c.Database }, "app"},
		{env{"UNDERSTUDY_REGISTRY": "mongodb://h/admin", "UNDERSTUDY_DATABASE": "mine"}, func(c Config) any { return c.Database }, "mine"},
		{env{"UNDERSTUDY_REGISTRY": "mongodb://h/app", "UNDERSTUDY_DATABASE": strings.Repeat("d", 63)}, func(c Config) any { return c.Database }, strings.Repeat("d", 63)},
		{env{"UNDERSTUDY_REGISTRY": "sqlite:x.db"}, func(c Config) any { return filepath.IsAbs(c.Registry.Path) }, true},
		{env{"UNDERSTUDY_REGISTRY": "sqlite:x.db"}, func(c Config) any { return c.Registry.Implicit }, false},
		{env{"UNDERSTUDY_REGISTRY": "sqlite:x.db"}, func(c Config) any { return c.Database }, ""},
		{env{"UNDERSTUDY_REGISTRY": "sqlite:a b%20#c@d.db"}, func(c Config) any { return filepath.Base(c.Registry.Path) }, "a b%20#c@d.db"},
		{env{"UNDERSTUDY_REGISTRY": "sqlite:x.db", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, func(c Config) any { return c.Registry.Kind }, SQLite},
	}
	for _, tt := range tests {
		t.Run("", func(t *testing.T) {
			setenv(t, tt.env)
			c, warnings, err := onMachine()
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%v: warnings %q, error %v", tt.env, warnings, err)
			}
			if got := tt.got(c); got != tt.want {
				t.Errorf("%v: got %v, want %v", tt.env, got, tt.want)
			}
		})
	}
}

func TestLoad_BadValues(t *testing.T) {
	const choices = "want debug, info, warn or error"
	tests := []struct{ name, value, want string }{
		{"UNDERSTUDY_GROUP", "a b", `UNDERSTUDY_GROUP="a b": group name "a b" has ' ' in it: want 1 to 100 letters`},
		{"UNDERSTUDY_GROUP", "a\x1b[31m", `UNDERSTUDY_GROUP="a\x1b[31m": `},
		{"UNDERSTUDY_GROUP", strings.Repeat("g", 101), `… (101 bytes): group name of 101 bytes: want 1 to 100`},
		{"UNDERSTUDY_GROUP", "mongodb://u:pw@h", `UNDERSTUDY_GROUP="mongodb://u:xxxxx@h/": a URI belongs in UNDERSTUDY_REGISTRY`},
		{"UNDERSTUDY_HOST", "a b", `UNDERSTUDY_HOST="a b": want a name of at most 255 bytes without spaces`},
		{"UNDERSTUDY_HOST", "a\x07", `UNDERSTUDY_HOST="a\a": want a name`},
		{"UNDERSTUDY_HOST", "a\xff", `UNDERSTUDY_HOST: it ends with a byte that is not UTF-8`},
		{"UNDERSTUDY_HOST", "a\u202eb", `UNDERSTUDY_HOST: it has an invisible character (U+202E) in it`},
		{"UNDERSTUDY_HOST", "$HOSTNAME", `UNDERSTUDY_HOST="$HOSTNAME": it has a $ in it, but variables are not replaced here`},
		{"UNDERSTUDY_HOST", "${HOSTNAME}", `it has a $ in it`},
		{"UNDERSTUDY_HOST", strings.Repeat("h", 256), `… (256 bytes): want a name`},
		{"UNDERSTUDY_JOBS", "$HOME/jobs.yaml", `UNDERSTUDY_JOBS="$HOME/jobs.yaml": it has a $ in it`},
		{"UNDERSTUDY_JOBS", "~/jobs.yaml", `UNDERSTUDY_JOBS="~/jobs.yaml": a ~ is not replaced by a home directory here`},
		{"UNDERSTUDY_MAX_RUNS", "0", `UNDERSTUDY_MAX_RUNS="0": want a whole number from 1 to 1000`},
		{"UNDERSTUDY_MAX_RUNS", "1001", `UNDERSTUDY_MAX_RUNS="1001": want a whole number from 1 to 1000`},
		{"UNDERSTUDY_MAX_RUNS", "all", `UNDERSTUDY_MAX_RUNS="all": want a whole number from 1 to 1000`},
		{"UNDERSTUDY_PRIORITY", "high", `UNDERSTUDY_PRIORITY="high": want a whole number from -1000000 to 1000000`},
		{"UNDERSTUDY_PRIORITY", "1.5", `UNDERSTUDY_PRIORITY="1.5": want a whole number`},
		{"UNDERSTUDY_PRIORITY", "0x10", `want a whole number`},
		{"UNDERSTUDY_PRIORITY", "1000001", `want a whole number`},
		{"UNDERSTUDY_PRIORITY", "-99999999999999999999", `want a whole number`},
		{"UNDERSTUDY_HEARTBEAT_INTERVAL", "2", `UNDERSTUDY_HEARTBEAT_INTERVAL="2": want a duration such as 2s`},
		{"UNDERSTUDY_HEARTBEAT_INTERVAL", "49ms", `UNDERSTUDY_HEARTBEAT_INTERVAL="49ms": want 50ms or more`},
		{"UNDERSTUDY_HEARTBEAT_INTERVAL", "0", `want 50ms or more`},
		{"UNDERSTUDY_HEARTBEAT_INTERVAL", "-1s", `want 50ms or more`},
		{"UNDERSTUDY_HEARTBEAT_INTERVAL", "1h1s", `UNDERSTUDY_HEARTBEAT_INTERVAL="1h1s": want 1h or less`},
		{"UNDERSTUDY_ORPHAN_AFTER", "60", `UNDERSTUDY_ORPHAN_AFTER="60": want a duration such as 60s`},
		{"UNDERSTUDY_ORPHAN_AFTER", "a minute", `want a duration such as 60s`},
		{"UNDERSTUDY_ORPHAN_AFTER", "60 s", `want a duration such as 60s`},
		{"UNDERSTUDY_ORPHAN_AFTER", "1e3s", `want a duration such as 60s`},
		{"UNDERSTUDY_ORPHAN_AFTER", "99999999999h", `want a duration such as 60s`},
		{"UNDERSTUDY_ORPHAN_AFTER", "NaN", `want a duration such as 60s`},
		{"UNDERSTUDY_ORPHAN_AFTER", "24h1s", `UNDERSTUDY_ORPHAN_AFTER="24h1s": want 24h or less`},
		{"UNDERSTUDY_STOP_GRACE", "12h1s", `UNDERSTUDY_STOP_GRACE="12h1s": want 12h or less`},
		{"UNDERSTUDY_STOP_GRACE", "499ms", `want 500ms or more`},
		{"UNDERSTUDY_STOP_GRACE", "10", `want a duration such as 10s`},
		{"UNDERSTUDY_CONNECT_TIMEOUT", "99ms", `want 100ms or more`},
		{"UNDERSTUDY_CONNECT_TIMEOUT", "8760h1s", `want 8760h or less`},
		{"UNDERSTUDY_CONNECT_TIMEOUT", "30", `want a duration such as 30s`},
		{"UNDERSTUDY_RESTART", "sometimes", `UNDERSTUDY_RESTART="sometimes": want always, on-failure or never`},
		{"UNDERSTUDY_ON_CHANGE", " ", `UNDERSTUDY_ON_CHANGE: it begins with a space`},
		{"UNDERSTUDY_ON_CHANGE", "a\nb", `UNDERSTUDY_ON_CHANGE: it has a line break in it`},
		{"UNDERSTUDY_ON_CHANGE", "a\x01b", `UNDERSTUDY_ON_CHANGE="a\x01b": want a program and its arguments on one line`},
		{"UNDERSTUDY_HTTP_ADDR", "8080", `UNDERSTUDY_HTTP_ADDR="8080": want HOST:PORT or :PORT`},
		{"UNDERSTUDY_HTTP_ADDR", "localhost:http", `want HOST:PORT`},
		{"UNDERSTUDY_HTTP_ADDR", ":65536", `a port from 0 (any) to 65535`},
		{"UNDERSTUDY_HTTP_ADDR", "a b:80", `want HOST:PORT`},
		{"UNDERSTUDY_HTTP_ADDR", "$HOST:80", `it has a $ in it`},
		{"UNDERSTUDY_HTTP_ADDR", "http://x:80", `a URI belongs in UNDERSTUDY_REGISTRY: want HOST:PORT`},
		{"UNDERSTUDY_API_TOKEN_FILE", "https://x/token", `UNDERSTUDY_API_TOKEN_FILE: want the path of a file that holds the token`},
		{"UNDERSTUDY_WEBHOOK_SECRET_FILE", "https://x/secret", `UNDERSTUDY_WEBHOOK_SECRET_FILE: want the path of a file that holds the secret`},
		{"UNDERSTUDY_API_TOKEN_FILE", "a\x01b", `UNDERSTUDY_API_TOKEN_FILE: want the path`},
		{"UNDERSTUDY_API_TOKEN_FILE", "$HOME/token", `it has a $ in it`},
		{"UNDERSTUDY_LOG_LEVEL", "INFO", choices},
		{"UNDERSTUDY_LOG_LEVEL", "trace", choices},
		{"UNDERSTUDY_LOG_FORMAT", "xml", `want auto, console or json`},
		{"UNDERSTUDY_DATABASE", "a/b", `UNDERSTUDY_DATABASE="a/b": want a name without spaces and without any of /\."$*<>:|?`},
		{"UNDERSTUDY_DATABASE", "a b", `want a name without spaces`},
		{"UNDERSTUDY_DATABASE", "a.b", `want a name without spaces`},
		{"UNDERSTUDY_DATABASE", "$external", `want a name without spaces`},
		{"UNDERSTUDY_DATABASE", "a\x01", `UNDERSTUDY_DATABASE="a\x01": want a name`},
		{"UNDERSTUDY_DATABASE", "a\xff", `UNDERSTUDY_DATABASE: it ends with a byte that is not UTF-8`},
		{"UNDERSTUDY_DATABASE", strings.Repeat("d", 64), `at most 63 bytes`},
		{"UNDERSTUDY_DATABASE", "Local", `the server's own`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h", tt.name: tt.value})
			c, _, err := onMachine()
			var mistakes *Error
			if !errors.As(err, &mistakes) || len(mistakes.Mistakes) != 1 {
				t.Fatalf("%q: got %v, error %v, want one mistake", tt.value, c, err)
			}
			if got := err.Error(); !strings.Contains(got, tt.want) || !strings.Contains(got, tt.name) {
				t.Errorf("%q: got\n%s\nwant %s in it", tt.value, got, tt.want)
			}
		})
	}
}

func TestLoad_ReportsAllMistakesAtOnce(t *testing.T) {
	setenv(t, env{
		"UNDERSTUDY_REGISTRY":        "mongodb://u:pw@",
		"UNDERSTUDY_GROUP":           "no way",
		"UNDERSTUDY_PRIORITY":        "x",
		"UNDERSTUDY_ORPHAN_AFTER":    "60",
		"UNDERSTUDY_CONNECT_TIMEOUT": "-",
		"UNDERSTUDY_RESTART":         "x",
		"UNDERSTUDY_LOG_LEVEL":       "x",
		"UNDERSTUDY_LOG_FORMAT":      "x",
		"UNDERSTUDY_STOP_GRASE":      "1s",
		"UNDERSTUDY_COLOUR":          "1",
	})
	c, warnings, err := onMachine()
	var e *Error
	if !errors.As(err, &e) || len(e.Mistakes) != 9 {
		t.Fatalf("got %v, want nine mistakes", err)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 9 {
		t.Errorf("%d lines, want 9", len(lines))
	}
	if c != (Config{}) {
		t.Errorf("a configuration came with the error: %v", c)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "UNDERSTUDY_COLOUR") {
		t.Errorf("warnings %q, want one of UNDERSTUDY_COLOUR", warnings)
	}
}

func TestLoad_IgnoresNamesWithoutPrefix(t *testing.T) {
	setenv(t, env{"GROUP": "other", "HOST": "other", "PRIORITY": "7", "DATABASE": "other", "REGISTRY": "mongodb://h", "RESTART": "never"})
	c, warnings, err := onMachine()
	if err != nil || len(warnings) > 0 {
		t.Fatalf("warnings %q, error %v", warnings, err)
	}
	if c.Group != "default" || c.Host == "other" || c.Priority != 0 || c.Registry.Kind != SQLite || c.Restart != RestartAlways {
		t.Errorf("got %v, which comes from names without the prefix", c)
	}
}

func TestHost_MachineWithoutName(t *testing.T) {
	names := map[string]func() (string, error){
		"error":   func() (string, error) { return "", errors.New("none") },
		"empty":   func() (string, error) { return "", nil },
		"garbage": func() (string, error) { return "a\nb", nil },
	}
	for name, hostname := range names {
		var m mistakes
		settings{}.host(&m, hostname)
		if len(m) != 1 || !strings.Contains(m[0], "UNDERSTUDY_HOST is not set") {
			t.Errorf("%s: got %q, want a mistake", name, m)
		}
	}
}

func TestLoad_WarnsOfATokenFileThatNobodyServes(t *testing.T) {
	setenv(t, env{"UNDERSTUDY_API_TOKEN_FILE": "/run/secrets/token"})
	_, warnings, err := onMachine()
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "UNDERSTUDY_API_TOKEN_FILE has no effect without UNDERSTUDY_HTTP_ADDR") {
		t.Errorf("warnings %q, %v", warnings, err)
	}
}
