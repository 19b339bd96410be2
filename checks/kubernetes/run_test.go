//go:build unix

package kubernetes

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

func TestProbes_SucceedOnRunningInstances(t *testing.T) {
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
	part.Until(t, "one instance alone to answer /activez", func() bool {
		active := 0
		for _, i := range instances {
			if i.Get(t, "/activez") == http.StatusOK {
				active++
			}
		}
		return active == 1
	})
	part.Until(t, "both to answer /readyz, the passive one too, without which no rollout would complete", func() bool {
		for _, i := range instances {
			if i.Get(t, "/readyz") != http.StatusOK {
				return false
			}
		}
		return true
	})
}
