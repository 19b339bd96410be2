//go:build unix

package compose

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

func TestHealthCheck_TellsWorkingFromHanging(t *testing.T) {
	worker := service(t, "worker")
	check := worker.HealthCheck.Test
	if check[1] != "/understudy" {
		t.Fatalf("health check %q, want /understudy, all that the image has", check)
	}
	env := map[string]string{}
	for name, value := range worker.Environment {
		env[name] = *value
	}
	i := part.Start(t, env, filepath.Join(t.TempDir(), "registry.db"))
	i.Await(t, "/readyz", http.StatusOK)
	part.Until(t, "the check of a running worker", func() bool {
		code, output := i.Run(t, check[2:]...)
		if code != 0 {
			t.Logf("exit code %d\n%s", code, output)
		}
		return code == 0
	})
	defer i.Freeze(t)()
	if code, output := i.Run(t, check[2:]...); code != 1 {
		t.Errorf("a worker that hangs: exit code %d, want 1\n%s", code, output)
	}
}
