package testkit

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/config"
)

// outside lists the variables besides UNDERSTUDY_* that change what the program
// does: where it keeps its state, and whether it believes to be in a container.
var outside = []string{"STATE_DIRECTORY", "XDG_STATE_HOME", "KUBERNETES_SERVICE_HOST"}

// CleanEnv removes from the environment of this process all that changes what the
// program does, and adds the entries given. The environment is restored when the
// test ends.
func CleanEnv(t *testing.T, env ...string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "UNDERSTUDY_") {
			t.Setenv(name, "") // restores the variable when the test ends
			os.Unsetenv(name)
		}
	}
	for _, name := range outside {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
}

// Environ returns the environment of this process for a process that a test starts:
// without all that changes what the program does, and with the entries given.
func Environ(env ...string) []string {
	list := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "UNDERSTUDY_") || slices.Contains(outside, name)
	})
	return append(list, env...)
}

// HasDefaultRegistry reports whether there is a registry that nobody has to name.
// In a container there is none.
func HasDefaultRegistry(t testing.TB) bool {
	t.Helper()
	_, _, err := config.Load()
	if err != nil && !strings.Contains(err.Error(), "UNDERSTUDY_REGISTRY is not set, and this is ") {
		t.Fatal(err)
	}
	if err != nil {
		t.Logf("without the part about the default registry: %v", err)
	}
	return err == nil
}
