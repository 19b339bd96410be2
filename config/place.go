package config

import (
	"errors"
	"os"
	"path/filepath"
)

// UnderInit is set, to anything, for a process that this program started as
// the init of its container.
const UnderInit = "UNDERSTUDY_UNDER_INIT"

// place is where this process runs.
type place struct {
	os     string // as runtime.GOOS
	pid    int
	getenv func(string) string
}

// registry returns the file that a user's instances on one machine share, or
// why there is none that they surely share.
func (p place) registry() (string, error) {
	switch {
	case p.pid == 1 || p.getenv(UnderInit) != "":
		return "", errors.New("this is a container: each with a file of its own, all of them would be active")
	case p.getenv("KUBERNETES_SERVICE_HOST") != "":
		return "", errors.New("this is Kubernetes: each pod with a file of its own, all of them would be active")
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
