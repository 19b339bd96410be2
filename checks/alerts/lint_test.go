package alerts

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
	"github.com/understudy-go/understudy/status/metrics"
)

func TestPromtoolFindsNothingToCriticizeInTheMetrics(t *testing.T) {
	t.Parallel()
	promtool := part.Need(t, "promtool", "Debian's package prometheus")
	m := metrics.New(metrics.Source{
		Group: group, Version: "v1.2.3",
		State: func() metrics.State { return metrics.State{Term: 1} },
		Look: func(context.Context) (status.Group, error) {
			return status.Group{Instances: []status.Instance{{Role: registry.Active}}}, nil
		},
		Restarts: func() int64 { return 0 },
	})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = w.Body
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
