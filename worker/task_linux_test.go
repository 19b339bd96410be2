package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
)

// testTask describes a task that runs the test binary in one of its modes.
func testTask(t testing.TB, mark, mode string, args ...string) Task {
	return Task{
		Path: os.Args[0], Args: append([]string{os.Args[0]}, args...),
		Extra: []string{envMode + "=" + mode, mark}, Limit: patience,
		Log: zerolog.New(zerolog.NewTestWriter(t)),
	}
}

func TestTask_ReturnsTheExitCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode string
		args []string
		code int
	}{
		{"exit", []string{"0"}, 0},
		{"exit", []string{"3"}, 3},
		{"pipe", nil, 128 + 13},
		{"daemons", []string{"3", "4"}, 4},
	} {
		t.Run(fmt.Sprint(tt.mode, tt.code), func(t *testing.T) {
			t.Parallel()
			m := testMark()
			if code, err := testTask(t, m, tt.mode, tt.args...).Run(context.Background()); code != tt.code || err != nil {
				t.Errorf("Run returned %d, %v, want %d", code, err, tt.code)
			}
			wantGone(t, m)
		})
	}
}

func TestTask_HasOurEnvironmentWithoutOurVariables(t *testing.T) {
	t.Setenv("UNDERSTUDY_REGISTRY", "mongodb://app:secret@db")
	t.Setenv("NOTIFY_SOCKET", "/run/none")
	t.Setenv(config.EnvInstance, "outer")
	t.Setenv("FRUIT", "apple")
	t.Setenv("HOST", "outer")
	file := filepath.Join(t.TempDir(), "report")
	task := testTask(t, testMark(), "report", file)
	task.Extra = append(task.Extra, config.EnvInstance+"=inner", "HOST=inner")
	if code, err := task.Run(context.Background()); code != 0 || err != nil {
		t.Fatal(code, err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"FRUIT": {"apple"}, "HOST": {"inner"}, config.EnvInstance: {"inner"}, "UNDERSTUDY_REGISTRY": nil, "NOTIFY_SOCKET": nil,
	} {
		var got []string
		for _, entry := range r.Env {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				got = append(got, value)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if r.Stdin != os.DevNull || r.PGID != r.PID {
		t.Errorf("standard input %s, process group %d of process %d; want an empty one and its own", r.Stdin, r.PGID, r.PID)
	}
}

func TestTask_DiesAtItsLimit(t *testing.T) {
	for _, tt := range []struct {
		name, mode string
		args       []string
	}{
		{"that ignores SIGTERM", "stubborn", nil},
		{"with children", "forest", []string{"5", "no"}},
		{"with children in other sessions", "forest", []string{"5", "setsid"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, file := testMark(), filepath.Join(t.TempDir(), "log")
			task := testTask(t, m, tt.mode, append(tt.args, file)...)
			task.Limit = leeway
			var log output
			task.Log = zerolog.New(&log)
			begin := time.Now()
			if code, err := task.Run(context.Background()); !errors.Is(err, ErrLimit) || code != 0 {
				t.Errorf("Run returned %d, %v, want ErrLimit", code, err)
			}
			if took := time.Since(begin); took < task.Limit {
				t.Errorf("killed after %v, before its limit of %v", took, task.Limit)
			}
			if !contains(file, "ready")() {
				t.Error("it did not run")
			}
			if strings.Contains(log.String(), "does not answer") {
				t.Error("it ended with its guard, which should have ended it before")
			}
			wantGone(t, m)
		})
	}
}

// The kernel kills the frozen guard a moment after the limit.
func TestTask_DiesWhileItsGuardIsFrozen(t *testing.T) {
	t.Parallel()
	m, file := testMark(), filepath.Join(t.TempDir(), "log")
	task := testTask(t, m, "stubborn", file)
	task.Limit = leeway
	result := make(chan error, 1)
	go func() {
		_, err := task.Run(context.Background())
		result <- err
	}()
	waitFor(t, "the task", contains(file, "ready"))
	freeze(t, parentOf(t, onlyProcess(t, m)))
	if err := receive(t, result); !errors.Is(err, ErrLimit) {
		t.Errorf("Run returned %v, want ErrLimit", err)
	}
	wantGone(t, m)
}

func TestTask_DiesWithItsContext(t *testing.T) {
	t.Parallel()
	m, file := testMark(), filepath.Join(t.TempDir(), "log")
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() {
		_, err := testTask(t, m, "forest", "5", "setsid", file).Run(ctx)
		result <- err
	}()
	waitFor(t, "the task", contains(file, "ready"))
	stop(errStop)
	wantCause(t, result)
	wantGone(t, m)
	if _, err := testTask(t, m, "exit", "0").Run(ctx); !errors.Is(err, errStop) {
		t.Errorf("after the end of its context Run returned %v, want the cause", err)
	}
}

func TestTask_ThatCannotBeExecutedIsAnError(t *testing.T) {
	task := Task{Path: filepath.Join(t.TempDir(), "none"), Limit: patience}
	if code, err := task.Run(context.Background()); !errors.Is(err, fs.ErrNotExist) || code != 0 {
		t.Errorf("Run returned %d, %v, want that there is no such file", code, err)
	}
}

// One process runs a command and a task. The death of the guard of one of them does
// not harm the other.
func TestTask_AndCommandSpareEachOther(t *testing.T) {
	t.Parallel()
	dir, commandMark, taskMark := t.TempDir(), testMark(), testMark()
	log := filepath.Join(dir, "log")
	task := testTask(t, taskMark, "stubborn", filepath.Join(dir, "task-log"))
	task.Limit, task.Log = time.Hour, zerolog.Nop()
	h := hosted{
		Path: os.Args[0], Args: []string{os.Args[0], log}, Env: append(os.Environ(), envMode+"=polite", commandMark),
		Timing: testTiming, Subreaper: true, Dir: dir, Task: &task,
	}
	ready := func() bool { return contains(log, "ready")() && contains(filepath.Join(dir, "task-log"), "ready")() }
	cmd, _ := launch(t, "host", h, ready)

	before := alive(taskMark)
	_ = unix.Kill(parentOf(t, onlyProcess(t, commandMark)), unix.SIGKILL)
	waitFor(t, "the command to be restarted", func() bool { return count(log, "ready") >= 2 })
	if after := alive(taskMark); !slices.Equal(before, after) {
		t.Errorf("the command's guard died, and the task's processes were %v and are %v", before, after)
	}

	before = alive(commandMark)
	_ = unix.Kill(parentOf(t, onlyProcess(t, taskMark)), unix.SIGKILL)
	waitFor(t, "the task to be over", contains(filepath.Join(dir, "task"), "0 worker: task's guard was killed"))
	if after := alive(commandMark); !slices.Equal(before, after) {
		t.Errorf("the task's guard died, and the command's processes were %v and are %v", before, after)
	}
	wantGone(t, taskMark)
	_ = cmd.Process.Kill()
}

func TestTask_DiesWithItsProcess(t *testing.T) {
	t.Parallel()
	dir, taskMark := t.TempDir(), testMark()
	task := testTask(t, taskMark, "forest", "5", "setsid", filepath.Join(dir, "task-log"))
	task.Limit, task.Log = time.Hour, zerolog.Nop()
	h := hosted{
		Path: os.Args[0], Args: []string{os.Args[0], filepath.Join(dir, "log")}, Env: append(os.Environ(), envMode+"=polite"),
		Timing: testTiming, Subreaper: true, Dir: dir, Task: &task,
	}
	cmd, _ := launch(t, "host", h, contains(filepath.Join(dir, "task-log"), "ready"))
	_ = cmd.Process.Kill()
	waitFor(t, "the task to be gone", func() bool { return len(alive(taskMark)) == 0 })
}

func parentOf(t testing.TB, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var state string
	var parent int
	_, after, _ := strings.Cut(string(stat), ") ")
	if _, err := fmt.Sscan(after, &state, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}

func TestTask_WithoutPathOrLimitIsRefused(t *testing.T) {
	for _, task := range []Task{{Path: "/bin/true"}, {Limit: time.Second}, {Path: "/bin/true", Limit: -1}} {
		if _, err := task.Run(t.Context()); err == nil {
			t.Errorf("%+v: no error", task)
		}
	}
}
