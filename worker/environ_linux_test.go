package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry"
)

func TestEnviron_ReplacesOurVariables(t *testing.T) {
	id := uuid.New()
	got := environ([]string{
		"A=1", "GOGC=50", "GOGCX=kept", "NOTIFY_SOCKET=/run/x", "WATCHDOG_USEC=1", "WATCHDOG_PID=2", "UNDERSTUDY_REGISTRY=mongodb://secret",
		"UNDERSTUDY_REGISTRY_FILE=/secret", "UNDERSTUDY_UNDER_INIT=1", "UNDERSTUDY_TERM=3", "UNDERSTUDY_RUN=x", "UNDERSTUDY_INTERVAL=1s",
		"UNDERSTUDY_JOB=outer", "UNDERSTUDY_RUN_ID=outer/1", "UNDERSTUDY_ATTEMPT=1", "UNDERSTUDY_SLOT=x", "UNDERSTUDY_TRIGGER=schedule",
		"UNDERSTUDY_PAYLOAD_FILE=/p", "UNDERSTUDY_PROGRESS_FILE=/p", "UNDERSTUDY_RESULT_FILE=/r", "UNDERSTUDY_CHECKPOINT_FILE=/c", "B=",
	}, registry.Term{Group: "g", Number: 9}, id)
	for _, v := range config.Variables {
		if secret := environ([]string{v.Name + "=x"}, registry.Term{}, id); v.Secret && len(secret) != 3 {
			t.Errorf("a command gets %s", v.Name)
		}
	}
	want := []string{"A=1", "GOGCX=kept", "UNDERSTUDY_INTERVAL=1s", "B=",
		"UNDERSTUDY_INSTANCE=" + id.String(), "UNDERSTUDY_GROUP=g", "UNDERSTUDY_TERM=9"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// runReporting runs a command that reports its environment, and returns the report.
func runReporting(t *testing.T, change func(*Spec)) report {
	t.Helper()
	file, m := filepath.Join(t.TempDir(), "report"), testMark()
	spec := testSpec(t, m, "report", file)
	spec.Restart = config.RestartNever
	if change != nil {
		change(&spec)
	}
	_, result := start(t, context.Background(), spec)
	var exit *Exit
	if err := receive(t, result); !errors.As(err, &exit) || exit.Code != 0 {
		t.Fatalf("Run returned %v, want exit code 0", err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCommand_HasAGroupAnEmptyInputAndItsTerm(t *testing.T) {
	r := runReporting(t, nil)
	if r.PGID != r.PID {
		t.Errorf("process group %d, want its own, %d", r.PGID, r.PID)
	}
	if r.Stdin != os.DevNull {
		t.Errorf("standard input is %s", r.Stdin)
	}
	if r.SID != r.ParentID {
		t.Errorf("session %d, want the guard's, %d", r.SID, r.ParentID)
	}
	for _, want := range []string{config.EnvGroup + "=test", config.EnvTerm + "=7"} {
		if !slices.Contains(r.Env, want) {
			t.Errorf("%s is not in the environment", want)
		}
	}
}

func TestCommand_GetsLargeArgumentsAndEnvironmentWhole(t *testing.T) {
	var args, env []string
	for i := range 12 {
		args = append(args, fmt.Sprintf("%d %s", i, strings.Repeat("ä\n ", 10_000)))
		env = append(env, fmt.Sprintf("BIG%d=%s", i, strings.Repeat("x=", 40_000)))
	}
	args = append(args, "")
	r := runReporting(t, func(s *Spec) {
		s.Args = append(s.Args, args...)
		s.Env = append(s.Env, env...)
	})
	if !slices.Equal(r.Args[len(r.Args)-len(args):], args) {
		t.Error("the arguments have changed")
	}
	for _, entry := range env {
		if !slices.Contains(r.Env, entry) {
			t.Errorf("%.10s… is not in the environment", entry)
		}
	}
}

func TestCommand_InheritsNoDescriptorsAndNoSignalHandling(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("no sleep here:", err)
	}
	leak, err := os.Create(filepath.Join(dir, "leak"))
	if err != nil {
		t.Fatal(err)
	}
	defer leak.Close()
	launchWith = []*os.File{leak}
	defer func() { launchWith = nil }()
	h := hosted{Path: sleep, Args: []string{"sleep", "1000"}, Env: append(os.Environ(), m), Timing: testTiming, Dir: dir}
	var pid int
	_, guard := launch(t, "blocked", h, func() bool {
		for _, p := range alive(m) {
			if commOf(p) == "sleep" {
				pid = p
			}
		}
		return pid != 0
	})
	waitFor(t, "0, 1 and 2 to be its only descriptors", func() bool { // it has others while it loads its libraries
		entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		var fds []string
		for _, entry := range entries {
			fds = append(fds, entry.Name())
		}
		return slices.Equal(fds, []string{"0", "1", "2"})
	})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"SigBlk", "SigIgn"} {
		if !strings.Contains(string(status), field+":\t0000000000000000\n") {
			t.Errorf("%s is not empty:\n%s", field, status)
		}
	}
	for _, file := range []string{"cmdline", "environ", "comm"} {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", guard, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"understudy", "sleep", m, ".test"} {
			if strings.Contains(strings.ToLower(string(data)), strings.ToLower(word)) {
				t.Errorf("the guard's %s shows %q: %q", file, word, data)
			}
		}
	}
}
