package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// place describes where this process runs, which decides about the default registry.
type place struct {
	os     string // as runtime.GOOS
	pid    int
	getenv func(string) string
	traces traces
	// device returns a number by which the file systems of directories can be told apart.
	// nil: they cannot.
	device func(dir string) (uint64, error)
}

// here returns the place of this process.
func here() place {
	return place{os: runtime.GOOS, pid: os.Getpid(), getenv: os.Getenv, traces: trace(os.Getenv), device: deviceOf}
}

// registry returns the file that all instances of this user on this machine share. It
// returns an error if it is not certain that they would share it.
func (p place) registry() (string, error) {
	if what := p.container(); what != "" {
		return "", errors.New("this is " + what + ": each instance would have a file of its own, and all of them would be active")
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

// container describes the container that this process runs in, and how that is known. It
// returns "" on a machine.
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

// Perishable is the warning about a registry that is lost with its container.
const Perishable = "this registry is in the container's own file system: it is lost with the container, and no other container sees it: " +
	"want a path in a directory that is mounted into all of them"

// perishable reports whether a file is, or would be, in the container's own file system.
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

// state returns the directory in which programs of this user keep their state. A relative
// path counts as unset, as the XDG specification says.
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
		return "", errors.New(name + " names no home directory for a file that instances could share: each would have its own, and all of them would be active")
	}
	return filepath.Join(append([]string{home}, below...)...), nil
}
