package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlace_DefaultRegistry(t *testing.T) {
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
		{"PID 1", "linux", 1, env{"HOME": home, "STATE_DIRECTORY": state}, "this is a container (this program is its first process): each instance would"},
		{"under init", "linux", 7, env{"HOME": home, EnvUnderInit: "1"}, "this is a container (this program is its first process): each instance would"},
		{"Kubernetes", "linux", 7, env{"HOME": home, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "this is Kubernetes"},
		{"no home", "linux", 7, nil, "HOME names no home directory"},
		{"relative home", "linux", 7, env{"HOME": "."}, "HOME names no home directory"},
		{"missing home", "linux", 7, env{"HOME": filepath.Join(home, "none")}, "HOME names no home directory"},
		{"home is a file", "linux", 7, env{"HOME": file}, "HOME names no home directory"},
		{"Windows without a home", "windows", 7, env{"HOME": home}, "LocalAppData names no home directory"},
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

// A shell, docker's --init or tini may be the first process of a container. Then only
// traces tell that this is one.
func TestLoad_NoDefaultRegistryInContainer(t *testing.T) {
	setenv(t, nil)
	at := place{os: "linux", pid: 7, getenv: os.Getenv, traces: traces{mark: "/.dockerenv is there"}}
	_, _, err := load(Flags{}, at)
	const want = "UNDERSTUDY_REGISTRY is not set, and this is a container (/.dockerenv is there): " +
		"each instance would have a file of its own, and all of them would be active: " + wantRegistry + ", in a place that all of them share"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// What a container writes into its own file system is lost with it.
func TestLoad_WarnsOfFileInContainersOwnFileSystem(t *testing.T) {
	volume, layer := t.TempDir(), t.TempDir()
	link := filepath.Join(layer, "link.db") // to the volume
	if err := os.WriteFile(filepath.Join(volume, "there.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(volume, "there.db"), link); err != nil {
		t.Skipf("no links can be made: %v", err)
	}
	real, err := filepath.EvalSymlinks(volume)
	if err != nil {
		t.Fatal(err)
	}
	inside := place{
		os: "linux", pid: 1, getenv: os.Getenv, traces: traces{root: mount{"1", "overlay"}},
		device: func(dir string) (uint64, error) {
			if dir == volume || dir == real {
				return 2, nil
			}
			return 1, nil
		},
	}
	onMachine, onDisk, blind := inside, inside, inside
	onMachine.pid = 7
	onMachine.traces = traces{pidNamespace: machinesNamespace, root: mount{"1", "overlay"}, firstRoot: mount{"1", "overlay"}}
	onDisk.traces.root.kind = "ext4" // a whole system in a container
	blind.device = func(string) (uint64, error) { return 1, os.ErrPermission }
	for _, tt := range []struct {
		name string
		at   place
		path string
		warn bool
	}{
		{"own layer", inside, filepath.Join(layer, "x.db"), true},
		{"volume", inside, filepath.Join(volume, "x.db"), false},
		{"link to a volume", inside, link, false},
		{"machine", onMachine, filepath.Join(layer, "x.db"), false},
		{"no layers", onDisk, filepath.Join(layer, "x.db"), false},
		{"not known", blind, filepath.Join(layer, "x.db"), false},
	} {
		setenv(t, env{"UNDERSTUDY_REGISTRY": "sqlite:" + tt.path})
		_, warnings, err := load(Flags{}, tt.at)
		if err != nil || (len(warnings) == 1) != tt.warn {
			t.Errorf("%s: warnings %q, error %v", tt.name, warnings, err)
		}
		if tt.warn && (!strings.HasPrefix(warnings[0], "UNDERSTUDY_REGISTRY: ") || !strings.Contains(warnings[0], "lost with the container")) {
			t.Errorf("%s: %q", tt.name, warnings)
		}
	}
}

func TestLoad_NoDefaultRegistryInKubernetes(t *testing.T) {
	setenv(t, env{"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
	_, _, err := onMachine()
	if err == nil || !strings.HasPrefix(err.Error(), "UNDERSTUDY_REGISTRY is not set") ||
		!strings.Contains(err.Error(), "all of them would be active") || !strings.Contains(err.Error(), wantRegistry) {
		t.Errorf("got %v", err)
	}
}
