package instance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// newTestHook runs a script, which finds the directory as $1 and is to note
// there, in a file "ran", what it was told.
func newTestHook(t *testing.T, limit time.Duration, text string) (h *hook, ran func() []string, log *testkit.LogBuffer) {
	t.Helper()
	dir := t.TempDir()
	spec, err := newHookSpec(config.Config{OnChange: testkit.Script(t, text) + " " + dir, Group: "test", Host: "here"})
	if err != nil {
		t.Fatal(err)
	}
	log = new(testkit.LogBuffer)
	h = newHook(spec, zerolog.New(log))
	if h.task.Limit != hookLimit || h.last != hookLimit {
		t.Errorf("a run has %v, the end %v; want %v", h.task.Limit, h.last, hookLimit)
	}
	h.task.Limit = limit
	h.start()
	return h, func() []string { return testkit.FileLines(t, filepath.Join(dir, "ran")) }, log
}

func (h *hook) roleOf(term int64) {
	h.role(heartbeat.Change{Instance: uuid.New(), Role: registry.Active, Term: term, Reason: heartbeat.Promoted})
}

func TestHook_SlowRunLeavesOutTheOldestChanges(t *testing.T) {
	t.Parallel()
	h, ran, log := newTestHook(t, testkit.Patience, `echo $UNDERSTUDY_TERM >>$1/ran; until [ -e $1/go ]; do sleep 0.01; done`)
	h.roleOf(1)
	testkit.Until(t, "the first run", func() bool { return slices.Equal(ran(), []string{"1"}) })
	const told = 3 * hookQueue
	for term := int64(2); term <= told; term++ {
		h.roleOf(term)
	}
	if err := os.WriteFile(filepath.Join(h.task.Args[1], "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Until(t, "the last run", func() bool { return slices.Contains(ran(), fmt.Sprint(told)) })
	h.close()
	want := []string{"1"}
	for term := told - hookQueue + 1; term <= told; term++ {
		want = append(want, fmt.Sprint(term))
	}
	if got := ran(); !slices.Equal(got, want) {
		t.Errorf("it ran for terms %v, want %v", got, want)
	}
	if !strings.Contains(log.String(), fmt.Sprintf(`"left_out":%d`, told-1-hookQueue)) {
		t.Errorf("the log does not say what was left out:\n%s", log)
	}
}

func TestHook_FailedRunStopsNoOther(t *testing.T) {
	t.Parallel()
	h, ran, log := newTestHook(t, 5*time.Second, `echo $UNDERSTUDY_TERM >>$1/ran
		case $UNDERSTUDY_TERM in
		1) trap "" TERM; setsid sleep 1000 & sleep 1000;;
		2) exit 3;;
		esac`)
	for term := range int64(3) {
		h.roleOf(term + 1)
	}
	testkit.Until(t, "three runs", func() bool { return len(ran()) == 3 })
	h.close()
	if got := ran(); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("it ran for terms %v, want 1, 2, 3", got)
	}
	for _, want := range []string{"took longer than 5s: killed", `"code":3`} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("want %q once in the log:\n%s", want, log)
		}
	}
	if n := strings.Count(log.String(), `"warn"`); n != 2 {
		t.Errorf("%d warnings, want 2:\n%s", n, log)
	}
}

func TestHook_CloseRunsTheLastChangeThoughARunHangs(t *testing.T) {
	t.Parallel()
	h, ran, _ := newTestHook(t, testkit.Patience, `echo $UNDERSTUDY_TERM >>$1/ran; [ $UNDERSTUDY_TERM != 1 ] || sleep 1000`)
	h.roleOf(1)
	testkit.Until(t, "the first run", func() bool { return slices.Equal(ran(), []string{"1"}) })
	for term := range int64(5) {
		h.roleOf(term + 2)
	}
	h.close()
	if got := ran(); !slices.Equal(got, []string{"1", "6"}) {
		t.Errorf("it ran for terms %v, want 1 and 6", got)
	}
}

func TestHook_CloseKillsARunThatHangs(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"time", "a signal before", "a signal"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			h, ran, log := newTestHook(t, time.Hour, `echo $UNDERSTUDY_TERM >>$1/ran; sleep 1000`)
			h.roleOf(1)
			testkit.Until(t, "the run", func() bool { return slices.Equal(ran(), []string{"1"}) })
			h.roleOf(2)
			h.last = 4 * testkit.Patience
			switch by {
			case "time":
				h.last = 200 * time.Millisecond
			case "a signal before":
				h.hurry() // the work is meant, and the end will be short
			}
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				h.close()
			}()
			if by == "a signal" {
				testkit.Until(t, "close to wait", func() bool {
					h.mu.Lock()
					defer h.mu.Unlock()
					return h.closing
				})
				h.hurry()
			}
			select {
			case <-closed:
			case <-time.After(testkit.Patience):
				t.Fatal("it waits for the hook")
			}
			select {
			case <-h.ended:
			case <-time.After(testkit.Patience):
				t.Fatal("what runs is not killed")
			}
			if !strings.Contains(log.String(), "killed before it was done") {
				t.Errorf("the log does not say that the run was killed:\n%s", log)
			}
			if strings.Contains(log.String(), "slower") {
				t.Errorf("the log says that the hook is slow:\n%s", log)
			}
		})
	}
}

// A deployment may turn a link that this process was started below.
func TestPlan_KeepsTheNamesOfPrograms(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "1"), 0o755); err != nil {
		t.Fatal(err)
	}
	current := filepath.Join(dir, "current")
	if err := os.Symlink("1", current); err != nil {
		t.Fatal(err)
	}
	t.Chdir(current)
	t.Setenv("PWD", current)
	hook, err := newHookSpec(config.Config{OnChange: "sh -c true"})
	if h := newHook(hook, zerolog.Nop()); err != nil || h.task.Dir != current || h.task.Path != "sh" {
		t.Errorf("the hook is %q in %q, %v, want sh in %q", h.task.Path, h.task.Dir, err, current)
	}
	if err := os.WriteFile("work", []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"sh": "sh", "./work": filepath.Join(current, "work")} {
		spec, err := commandSpec(config.Config{}, []string{name})
		if err != nil || spec.Dir != current || spec.Path != path {
			t.Errorf("the work %s is %q in %q, %v, want %q in %q", name, spec.Path, spec.Dir, err, path, current)
		}
	}
}

func TestHookSpec_ErrorShowsNoArguments(t *testing.T) {
	_, err := newHookSpec(config.Config{OnChange: "/no/such/curl -s https://hooks.example.com/hunter2"})
	if err == nil || !strings.Contains(err.Error(), `UNDERSTUDY_ON_CHANGE="/no/such/curl": `) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
