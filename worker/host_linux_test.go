package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/guardname"
	"github.com/understudy-go/understudy/internal/procfs"
	"github.com/understudy-go/understudy/registry"
)

// hosted describes a host: a program that runs a command, as the test binary does in
// the mode "host".
type hosted struct {
	Path      string
	Args, Env []string
	Restart   config.Restart
	Timing    registry.Timing
	Subreaper bool
	Prepare   bool          // only prepare a guard, and wait
	Runs      int           // run the command that often at a time by an Executor whose guards have served a run; each gets its number as its last argument
	Lease     time.Duration // the only lease, from the start on; zero: a new one with each beat
	Dir       string        // for the files lease, result and task
	Log       string        // a file for the log, besides stderr
	Task      *Task         // to be run at the same time
	Helper    string        // a shell script that the mode "helped" leaves running
	OOMScore  int           // oom_score_adj; 0: that of the test
	Isolation config.Isolation
	User      int  // for the mode "otheruser"
	Masked    bool // for the mode "otheruser": something is mounted over a part of /proc, as in a container
	Hidden    bool // for the mode "otheruser": a /proc that hides the processes of others
	Processes int  // for the mode "otheruser": how many it may have
}

// runHost is the mode "host". It returns the exit code.
func runHost(spec string) int {
	var h hosted
	if err := json.Unmarshal([]byte(spec), &h); err != nil {
		panic(err)
	}
	if h.OOMScore != 0 {
		if err := os.WriteFile("/proc/self/oom_score_adj", []byte(strconv.Itoa(h.OOMScore)), 0); err != nil {
			panic(err)
		}
	}
	if h.Subreaper {
		if err := BecomeSubreaper(); err != nil {
			panic(err)
		}
	}
	var out io.Writer = os.Stderr
	if h.Log != "" {
		f, err := os.Create(h.Log)
		if err != nil {
			panic(err)
		}
		out = io.MultiWriter(f, os.Stderr)
	}
	log := zerolog.New(out).With().Timestamp().Logger()
	if h.Runs > 0 {
		return runExecutorHost(h, log)
	}
	c, err := NewCommand(Spec{Path: h.Path, Args: h.Args, Env: h.Env, Restart: h.Restart, Timing: h.Timing, Isolation: h.Isolation, Log: log})
	if err != nil {
		panic(err)
	}
	if h.Prepare {
		if err := c.Prepare(context.Background()); err != nil {
			panic(err)
		}
		appendLine(filepath.Join(h.Dir, "result"), "prepared")
		time.Sleep(time.Hour)
	}
	if h.Lease > 0 { // it must not end while a guard is started
		if err := c.Prepare(context.Background()); err != nil {
			panic(err)
		}
	}
	until := boottime.Now() + h.Lease
	if h.Lease == 0 {
		until = boottime.Now() + h.Timing.Lease()
		go func() {
			for {
				time.Sleep(h.Timing.Interval)
				c.Extend(boottime.Now() + h.Timing.Lease())
			}
		}()
	}
	c.Extend(until)
	if h.Task != nil {
		go func() {
			code, err := h.Task.Run(context.Background())
			appendLine(filepath.Join(h.Dir, "task"), fmt.Sprint(code, err))
		}()
	}
	appendLine(filepath.Join(h.Dir, "lease"), fmt.Sprint(int64(until)))
	err = c.Run(context.Background(), testTerm, uuid.New())
	appendLine(filepath.Join(h.Dir, "result"), fmt.Sprint(err))
	return 0
}

// launchWith are files that launch passes on to the host.
var launchWith []*os.File

// launch starts a host, waits until it is ready, and returns it and its guard.
func launch(t testing.TB, mode string, h hosted, ready func() bool) (*exec.Cmd, int) {
	t.Helper()
	spec, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], string(spec))
	cmd.Env = append(os.Environ(), envMode+"="+mode)
	cmd.ExtraFiles = launchWith
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the host's output:\n%s", out.String())
		}
	})
	waitFor(t, "the command", ready)
	if !h.Prepare && h.Runs == 0 {
		waitFor(t, "the guard to report it", logged(&out, "command started"))
	}
	return cmd, guardOf(t, cmd.Process.Pid)
}

// guardOf waits until a process has a guard, and returns it.
func guardOf(t testing.TB, pid int) (guard int) {
	t.Helper()
	waitFor(t, "a guard", func() bool {
		for _, child := range childrenOf(pid) {
			if commOf(child) == guardname.Name {
				guard = child
			}
		}
		return guard != 0
	})
	return guard
}

func childrenOf(pid int) []int {
	list, _ := procfs.Children(strconv.Itoa(pid))
	return list
}
