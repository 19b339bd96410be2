package part

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/config"
)

// Release is how long an instance may take, once its work is gone: 5 s for the
// end of its term and its registration, 2 s to close the registry.
const Release = 7 * time.Second

// Hook is how long it may take besides for UNDERSTUDY_ON_CHANGE: 10 s to tell the
// last change, 2 s to die.
const Hook = 12 * time.Second

// Settings reads an environment as an instance would that has this one and no
// other variable of ours. What an instance would refuse or warn of fails the test.
func Settings(t *testing.T, env map[string]string) config.Config {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "UNDERSTUDY_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	c, warnings, err := config.Load()
	if err != nil {
		t.Errorf("environment %v: %v", env, err)
	}
	for _, w := range warnings {
		t.Errorf("environment %v: %s", env, w)
	}
	return c
}
