package alerts

import (
	"os/exec"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

func TestMetrics_PassPromtool(t *testing.T) {
	t.Parallel()
	promtool := part.Need(t, "promtool", "Debian's package prometheus")
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = scrape()
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
