package cli

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
)

// broken returns environments, by exit code, with which an instance fails after the first
// line of its log and before its registration.
func broken(t *testing.T) map[int][]string {
	t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	return map[int][]string{
		exitcode.Unavailable: {"UNDERSTUDY_REGISTRY=mongodb://127.0.0.1:1/ops?directConnection=true", "UNDERSTUDY_CONNECT_TIMEOUT=200ms"},
		exitcode.Failure:     {"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(t.TempDir(), "registry.db"), "UNDERSTUDY_HTTP_ADDR=" + taken.Addr().String()},
	}
}

func TestRun_LogsWhyItEnds(t *testing.T) {
	says := map[int]string{exitcode.Unavailable: "no answer within 200ms (UNDERSTUDY_CONNECT_TIMEOUT)", exitcode.Failure: "UNDERSTUDY_HTTP_ADDR: listen on "}
	for want, env := range broken(t) {
		testkit.CleanEnv(t, append(env, "UNDERSTUDY_GROUP=g", "UNDERSTUDY_LOG_FORMAT=json")...)
		code, stdout, stderr := inProcess()
		if code != want || stdout != "" {
			t.Errorf("exit code %d, stdout %q, want %d and nothing", code, stdout, want)
		}
		var last map[string]any
		for line := range strings.Lines(stderr) {
			last = nil
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Errorf("%v: %q", err, line)
			}
		}
		if text, _ := last["message"].(string); last["level"] != "error" || !strings.HasPrefix(text, says[want]) {
			t.Errorf("the last line is %v, want an error: %s", last, says[want])
		}
		for name, value := range map[string]any{"instance": "", "group": "g", "role": "passive", "term": 0.0} {
			if last[name] != value {
				t.Errorf("the last line has %s %v, want %v", name, last[name], value)
			}
		}

		t.Setenv("UNDERSTUDY_LOG_FORMAT", "console")
		code, _, stderr = inProcess()
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if line := lines[len(lines)-1]; code != want || !strings.Contains(line, "ERROR "+says[want]) || strings.Contains(stderr, "understudy: ") {
			t.Errorf("exit code %d, log:\n%s", code, stderr)
		}
	}
}

func TestRun_PrintsMistakesBeforeItLogs(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(t.TempDir(), "registry.db"), "UNDERSTUDY_NOBODY_KNOWS=1", "UNDERSTUDY_LOG_FORMAT=json")
	for _, tt := range []struct {
		hook, args, want string
		code             int
	}{
		{"", "-- /no/such/command", "understudy: command not found: ", exitcode.NotFound},
		{"/no/such/hook", "", `understudy: UNDERSTUDY_ON_CHANGE="/no/such/hook": command not found`, exitcode.Config},
	} {
		t.Setenv("UNDERSTUDY_ON_CHANGE", tt.hook)
		code, stdout, stderr := inProcess(strings.Fields(tt.args)...)
		if code != tt.code || stdout != "" || !strings.HasPrefix(stderr, tt.want) {
			t.Errorf("exit code %d, stdout %q, want %d and nothing", code, stdout, tt.code)
		}
		testkit.WantLine(t, stderr, tt.want)
	}
}
