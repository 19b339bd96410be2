// Package alerts checks the alert rules and the dashboard with promtool, and against what
// package metrics exports.
package alerts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

func TestMain(m *testing.M) { os.Exit(part.Main(m)) }

// promtool runs promtool in a directory.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command(part.Need(t, "promtool", "Debian's package prometheus"), args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func deployDir(t *testing.T) string {
	t.Helper()
	root, err := part.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "deploy")
}

func TestRules_PassPromtool(t *testing.T) {
	t.Parallel()
	promtool(t, deployDir(t), "check", "rules", "--lint-fatal", "alerts.yaml")
}

func TestRules_FireWhenTheyShould(t *testing.T) {
	t.Parallel()
	promtool(t, deployDir(t), "test", "rules", "alerts_test.yaml")
}

// alerts returns the text of each rule by its name.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	_, text, _ := strings.Cut(string(part.File(t, "deploy/alerts.yaml")), "- alert: ")
	for rule := range strings.SplitSeq(text, "- alert: ") {
		name, _, _ := strings.Cut(rule, "\n")
		list[name] = rule
	}
	if len(list) < 5 {
		t.Fatalf("%d alerts in deploy/alerts.yaml", len(list))
	}
	return list
}

func TestRules_EachAlertIsTestedBothWays(t *testing.T) {
	t.Parallel()
	tests := string(part.File(t, "deploy/alerts_test.yaml"))
	for name := range alerts(t) {
		if !regexp.MustCompile(`alertname: ` + name + `, exp_alerts: \[\]`).MatchString(tests) {
			t.Errorf("%s has no test where it must not fire", name)
		}
		if !regexp.MustCompile(`alertname: ` + name + `\n +exp_alerts:.*\n +- `).MatchString(tests) {
			t.Errorf("%s has no test where it fires", name)
		}
	}
}

func TestRules_EachAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	chapters := map[string]bool{}
	for line := range strings.Lines(string(part.File(t, "docs/operations.md"))) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			chapters[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "-")] = true
		}
	}
	const runbook = "runbook_url: https://github.com/understudy-go/understudy/blob/main/docs/operations.md#"
	for name, rule := range alerts(t) {
		for _, part := range []string{"severity: ", "summary: ", "description: ", runbook} {
			if !strings.Contains(rule, "\n          "+part) {
				t.Errorf("%s has no %s", name, part)
			}
		}
		_, anchor, _ := strings.Cut(rule, runbook)
		anchor, _, _ = strings.Cut(anchor, "\n")
		if !chapters[anchor] {
			t.Errorf("%s points to #%s, which docs/operations.md does not have", name, anchor)
		}
	}
}
