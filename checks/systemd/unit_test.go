package systemd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry"
)

const (
	installed = "/usr/local/bin/understudy" // where the unit looks for the program
	whence    = "systemd"                   // Debian's package
)

func unit(tb testing.TB) []byte { return part.File(tb, "deploy/understudy@.service") }

// settings are the unit's, the values of one name joined by spaces.
func settings(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(string(unit(t))) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "[") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasSuffix(line, `\`) {
			t.Fatalf("not a setting on one line: %q", line)
		}
		all[name] = strings.TrimSpace(all[name] + " " + value)
	}
	return all
}

func TestUnit_HasWhatTheGuardNeeds(t *testing.T) {
	have := settings(t)
	for name, want := range map[string]string{
		"Type":                     "notify",
		"NotifyAccess":             "main",
		"KillMode":                 "control-group", // mixed kills the guard with Understudy
		"OOMPolicy":                "continue",      // else the guard is stopped for the command's memory
		"NoNewPrivileges":          "yes",           // a setuid program could not be killed
		"RestartPreventExitStatus": "64 78",
		"Environment":              "UNDERSTUDY_GROUP=%i",
		"ExecStart":                installed + " -- $COMMAND",
		"StateDirectory":           "understudy/%i",
		"UnsetEnvironment":         "HOME XDG_STATE_HOME STATE_DIRECTORY", // or each machine has a registry of its own
	} {
		if have[name] != want {
			t.Errorf("%s=%s, want %s", name, have[name], want)
		}
	}
	for _, name := range []string{"SendSIGKILL", "KillSignal", "FinalKillSignal", "WatchdogSignal", "PIDFile", "ProcSubset", "PrivatePIDs"} {
		if value, ok := have[name]; ok {
			t.Errorf("%s=%s: the guard wants the default", name, value)
		}
	}
}

func TestUnit_LeavesUnderstudyItsTime(t *testing.T) {
	have := settings(t)
	timing := registry.DefaultTiming
	var connect time.Duration
	for _, v := range config.Variables {
		if v.Name == "UNDERSTUDY_CONNECT_TIMEOUT" {
			connect, _ = time.ParseDuration(v.Default)
		}
	}
	for _, tt := range []struct {
		name string
		more time.Duration
	}{
		{"TimeoutStartSec", connect + time.Second},
		{"TimeoutStopSec", timing.StopGrace + part.Release + part.Hook},
		{"WatchdogSec", 2 * max(5*time.Second, 5*timing.Interval)}, // half of it goes by between two words
	} {
		value, err := time.ParseDuration(have[tt.name] + "s")
		if err != nil || value <= tt.more {
			t.Errorf("%s=%s, want seconds, and more than %v", tt.name, have[tt.name], tt.more)
		}
	}
}

// systemd runs it also when Understudy ended by itself.
func TestExecStop_SucceedsAfterTheEnd(t *testing.T) {
	script, ok := strings.CutPrefix(settings(t)["ExecStop"], "/bin/sh -c '")
	if !ok {
		t.Fatalf("ExecStop=%s is no script", settings(t)["ExecStop"])
	}
	script = strings.ReplaceAll(strings.TrimSuffix(script, "'"), "$$", "$")
	for _, pid := range []string{"", "4194305"} { // no number of a process is as large
		cmd := exec.Command("/bin/sh", "-c", script)
		cmd.Env = append(os.Environ(), "MAINPID="+pid)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("MAINPID=%s: %v %s", pid, err, out)
		}
	}
}

// analyzed is a copy of the unit, an instance of it, that names the built program.
func analyzed(t *testing.T, text []byte) (path string) {
	t.Helper()
	dir := t.TempDir()
	text = bytes.ReplaceAll(text, []byte(installed), []byte(part.Binary(t)))
	if err := os.WriteFile(filepath.Join(dir, "understudy@.service"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "understudy@orders.service")
}

func TestUnit_PassesSystemdAnalyze(t *testing.T) {
	analyze := part.Need(t, "systemd-analyze", whence)
	verify := func(text []byte) (string, error) {
		out, err := exec.Command(analyze, "verify", "--man=no", analyzed(t, text)).CombinedOutput()
		return string(out), err
	}
	if out, err := verify(unit(t)); err != nil || out != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, _ := verify(bytes.Replace(unit(t), []byte("\nKillMode="), []byte("\nKilMode="), 1)); !strings.Contains(out, "KilMode") {
		t.Errorf("systemd-analyze verify says of a misspelt setting %q", out)
	}
}

func TestUnit_IsHardened(t *testing.T) {
	analyze := part.Need(t, "systemd-analyze", whence)
	const most = 30 // tenths, of 10
	cmd := exec.Command(analyze, "security", "--no-pager", "--offline=true", "--threshold=30", analyzed(t, unit(t)))
	out, err := cmd.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Log(lines[len(lines)-1])
	if err != nil {
		t.Errorf("exposed by more than %d tenths: %v\n%s", most, err, out)
	}
}
