package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// place is where this process runs.
type place struct {
	os     string // as runtime.GOOS
	pid    int
	getenv func(string) string
	traces traces
	// device tells the file systems of directories apart. Nil: it cannot.
	device func(dir string) (uint64, error)
}

// here is where this process really runs.
func here() place {
	return place{os: runtime.GOOS, pid: os.Getpid(), getenv: os.Getenv, traces: trace(os.Getenv), device: deviceOf}
}

// registry returns the file that a user's instances on one machine share, or
// why there is none that they surely share.
func (p place) registry() (string, error) {
	if what := p.container(); what != "" {
		return "", errors.New("this is " + what + ": each with a file of its own, all of them would be active")
	}
	if list := filepath.SplitList(p.getenv("STATE_DIRECTORY")); len(list) > 0 && filepath.IsAbs(list[0]) {
		return filepath.Join(list[0], "registry.db"), nil
	}
	base, err := p.state()
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "understudy", "registry.db"), nil
}

// container says what kind of container this is, and how that is known; it is
// empty on a machine.
func (p place) container() string {
	switch {
	case p.pid == 1 || p.getenv(EnvUnderInit) != "":
		return "a container (this program is its first process)"
	case p.getenv("KUBERNETES_SERVICE_HOST") != "":
		return "Kubernetes (KUBERNETES_SERVICE_HOST is set)"
	}
	if mark := p.traces.container(); mark != "" {
		return "a container (" + mark + ")"
	}
	return ""
}

// Perishable warns of a registry that goes with its container.
const Perishable = "this registry is in the container's own file system: it is lost with the container, and no other container sees it: " +
	"want a path in a directory that is mounted into all of them"

// perishable reports whether a file is, or would be, on the container's own file
// system.
func (p place) perishable(path string) bool {
	if p.container() == "" || !overlays[p.traces.root.kind] || p.device == nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	of, err := p.device(filepath.Dir(path))
	root, rootErr := p.device("/")
	return err == nil && rootErr == nil && of == root
}

// state is the directory for what programs of this user remember. A relative
// one counts as unset, as the XDG specification has it.
func (p place) state() (string, error) {
	if dir := p.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	name, below := "HOME", []string{".local", "state"}
	switch p.os {
	case "darwin":
		below = []string{"Library", "Application Support"}
	case "windows":
		name, below = "LocalAppData", nil
	}
	home := p.getenv(name)
	if info, err := os.Stat(home); !filepath.IsAbs(home) || err != nil || !info.IsDir() {
		return "", errors.New(name + " names no home for a file that instances could share: each with its own, all of them would be active")
	}
	return filepath.Join(append([]string{home}, below...)...), nil
}
