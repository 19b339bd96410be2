package jobfile

import (
	"fmt"
	"strings"
	"testing"
)

func TestProblem_ShowsTheLineWithACaret(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"jobs:\n  a:\n    command: x\n    timeout: 5\n", "jobs.yaml:4:14: a: timeout: \"5\" is a number without a unit: want a duration such as 5s\n" +
			"    4 |     timeout: 5\n" +
			"      |              ^"},
		{"jobs:\n  a: {command: [日本, é], timeout: 5}\n", "want a duration such as 5s\n" +
			"    2 |   a: {command: [日本, é], timeout: 5}\n" +
			"      |                                    ^"},
		{"jobs:\n  a: {command: \"e\u0301\", \ttimeout: 5}\n", "want a duration such as 5s\n" +
			"    2 |   a: {command: \"e?\",  timeout: 5}\n" +
			"      |                                ^"},
		{"jobs:\n  a: {command: \"" + strings.Repeat("x", 500) + "\", timeout: 5, priority: 123456}\n", "want a duration such as 5s\n" +
			"    2 | …" + strings.Repeat("x", 87) + "\", timeout: 5, priority: 123456}\n" +
			"      | " + strings.Repeat(" ", 100) + "^"},
	} {
		_, err := Parse("jobs.yaml", []byte(tt.text), limits)
		if err == nil || !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("got\n%v\nwant\n%s", err, tt.want)
		}
	}
}

func TestProblem_ShowsNoSecrets(t *testing.T) {
	for _, body := range []string{
		"env: {A: hunter2, A: hunter2}",
		"env: {UNDERSTUDY_A: hunter2}",
		"env: {A-B: hunter2, C: [hunter2]}",
		"env: [A=hunter2]",
		"env: A=hunter2",
		"env:\n      A-B: hunter2",
		"env:\n      A: {hunter2: x}",
		"env:\n      A: hunter2\n      A: hunter2",
		"env:\n      A: \"\\0hunter2\"",
		"envs: {A: hunter2}",
		"environment:\n      A: hunter2",
		"on_finish: ftp://u:hunter2@x/",
		"on_finish: https://u:hunter2@x/",
		"on_finish: https://x/#hunter2",
		"on_finish: [https://x/hunter2]",
		"on_finish: https://x/hunter2\n    on_finish: https://x/hunter2",
		"on_finsh: https://x/hunter2",
		"timeout: 5\n    env: {A: &a hunter2}",
		"env: {A: x,\n    B: !secret hunter2}",
		"retries: {max: 99}\n    env: {A: x,\n    B: [hunter2]}",
		// These are no YAML, so nothing is known but the lines.
		"env:\n      A: foo: hunter2",
		"env: {A: hunter2",
		"env: {A: foo: hunter2, B: }}",
		"on_finish: \"https://x/hunter2",
		"on_finish: @https://x/hunter2",
		"env:\n      A: @hunter2",
		"env:\n      # a comment: of this\n\n      A: 'x'\n      B: x: hunter2",
	} {
		_, err := Parse("jobs.yaml", []byte(fmt.Sprintf("jobs:\n  a:\n    command: x\n    %s\n", body)), limits)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q:\n%v", body, err)
		}
	}
}
