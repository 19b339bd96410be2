package config

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

type env map[string]string

// setenv removes everything from the environment that Load reads, but e and a home
// directory.
func setenv(t *testing.T, e env) (home string) {
	t.Helper()
	home = t.TempDir()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "UNDERSTUDY_") {
			t.Setenv(name, "") // restores it at the end of the test
			os.Unsetenv(name)
		}
	}
	for _, name := range []string{"STATE_DIRECTORY", "XDG_STATE_HOME", "KUBERNETES_SERVICE_HOST"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", home)
	t.Setenv("LocalAppData", home)
	for name, value := range e {
		t.Setenv(name, value)
	}
	return home
}

// onMachine loads the configuration as on an ordinary machine, whatever these tests run
// in.
func onMachine() (Config, []string, error) {
	return load(Flags{}, place{os: runtime.GOOS, pid: 7, getenv: os.Getenv})
}
