//go:build unix

package kubernetes

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/understudy-go/understudy/checks/part"
)

func TestProbesOfInstancesThatRun(t *testing.T) {
	m := load(t)
	env, file := m.environment(t), filepath.Join(t.TempDir(), "registry.db")
	instances := []*part.Instance{part.Start(t, env, file), part.Start(t, env, file)}
	paths := []string{m.workers.Spec.Template.Annotations["prometheus.io/path"], "/"}
	for _, p := range m.probes(t) {
		paths = append(paths, p.HTTPGet.Path)
	}
	for _, path := range paths {
		for _, i := range instances {
			i.Await(t, path, http.StatusOK)
		}
	}
	active := 0
	for deadline := time.Now().Add(20 * time.Second); active != 1 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		active = 0
		for _, i := range instances {
			if i.Get(t, "/activez") == http.StatusOK {
				active++
			}
		}
	}
	if active != 1 {
		t.Errorf("%d instances answer /activez", active)
	}
	for _, i := range instances {
		if got := i.Get(t, "/readyz"); got != http.StatusOK {
			t.Errorf("/readyz is %d of one of them: a rollout would never complete", got)
		}
	}
}
