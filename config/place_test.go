package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultRegistry(t *testing.T) {
	home, state := t.TempDir(), t.TempDir()
	file := filepath.Join(home, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	list := strings.Join([]string{state, home}, string(filepath.ListSeparator))
	xdg := filepath.Join(state, "understudy", "registry.db")
	tests := []struct {
		name string
		os   string
		pid  int
		env  env
		want string // a path, or a part of the error
	}{
		{"home", "linux", 7, env{"HOME": home}, filepath.Join(home, ".local", "state", "understudy", "registry.db")},
		{"macOS", "darwin", 7, env{"HOME": home}, filepath.Join(home, "Library", "Application Support", "understudy", "registry.db")},
		{"Windows", "windows", 7, env{"LocalAppData": home}, filepath.Join(home, "understudy", "registry.db")},
		{"XDG", "linux", 7, env{"XDG_STATE_HOME": state, "HOME": home}, xdg},
		{"XDG without a home", "linux", 7, env{"XDG_STATE_HOME": state}, xdg},
		{"XDG relative", "linux", 7, env{"XDG_STATE_HOME": "x", "HOME": home}, filepath.Join(home, ".local", "state", "understudy", "registry.db")},
		{"systemd", "linux", 7, env{"STATE_DIRECTORY": state, "XDG_STATE_HOME": home}, filepath.Join(state, "registry.db")},
		{"systemd, two directories", "linux", 7, env{"STATE_DIRECTORY": list}, filepath.Join(state, "registry.db")},
		{"systemd, relative", "linux", 7, env{"STATE_DIRECTORY": "x", "XDG_STATE_HOME": state}, xdg},
		{"PID 1", "linux", 1, env{"HOME": home, "STATE_DIRECTORY": state}, "this is a container"},
		{"under init", "linux", 7, env{"HOME": home, UnderInit: "1"}, "this is a container"},
		{"Kubernetes", "linux", 7, env{"HOME": home, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "this is Kubernetes"},
		{"no home", "linux", 7, nil, "HOME names no home"},
		{"relative home", "linux", 7, env{"HOME": "."}, "HOME names no home"},
		{"missing home", "linux", 7, env{"HOME": filepath.Join(home, "none")}, "HOME names no home"},
		{"home is a file", "linux", 7, env{"HOME": file}, "HOME names no home"},
		{"Windows without a home", "windows", 7, env{"HOME": home}, "LocalAppData names no home"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := place{os: tt.os, pid: tt.pid, getenv: func(name string) string { return tt.env[name] }}
			got, err := p.registry()
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, tt.want) || (err == nil) != filepath.IsAbs(tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNoRegistryWhereItCannotBeShared(t *testing.T) {
	setenv(t, env{"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
	_, _, err := Load()
	if err == nil || !strings.HasPrefix(err.Error(), "UNDERSTUDY_REGISTRY is not set") ||
		!strings.Contains(err.Error(), "all of them would be active") || !strings.Contains(err.Error(), wantRegistry) {
		t.Errorf("got %v", err)
	}
}
