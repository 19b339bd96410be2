package part

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const missing = "understudy-no-such-part"

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// TestNeed_OfAMissingPart is what the next test runs.
func TestNeed_OfAMissingPart(t *testing.T) {
	if os.Getenv(missing) == "" {
		t.SkipNow()
	}
	Need(t, missing, "package none")
}

func TestNeed_MissingPartSkipsOrFailsWhereRequired(t *testing.T) {
	for require, want := range map[string]string{"": "--- SKIP", "1": "--- FAIL"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNeed_OfAMissingPart$", "-test.v")
		cmd.Env = append(os.Environ(), missing+"=1", RequireVar+"="+require)
		out, err := cmd.CombinedOutput()
		if failed := err != nil; failed != (require == "1") || !strings.Contains(string(out), want) {
			t.Errorf("%s=%q: error %v:\n%s", RequireVar, require, err, out)
		}
		if !strings.Contains(string(out), "part: tests that went without: 1: no "+missing+" on PATH (package none)\n") {
			t.Errorf("%s=%q: it does not end with what is missing:\n%s", RequireVar, require, out)
		}
	}
}
