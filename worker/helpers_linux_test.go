package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
	"github.com/understudy-go/understudy/registry"
)

// Generous, for a machine that stalls: no grace and no lease ends by itself.
var testTiming = registry.Timing{Interval: 50 * time.Millisecond, OrphanAfter: 5 * time.Minute, StopGrace: 10 * time.Second}

const (
	shortGrace = 500 * time.Millisecond // for those who ignore it
	leeway     = 5 * time.Second        // for what has to happen before an instant
)

var testTerm = registry.Term{Group: "test", Number: 7}

const patience = time.Minute // a generous deadline

func ptr(p *uint64) uintptr { return uintptr(unsafe.Pointer(p)) }

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// holds returns a condition: the file has the text in it.
func holds(file, text string) func() bool {
	return func() bool {
		data, _ := os.ReadFile(file)
		return strings.Contains(string(data), text+"\n")
	}
}

// logged returns a condition: the log has the text in it.
func logged(log *output, text string) func() bool {
	return func() bool { return strings.Contains(log.String(), text) }
}

// mark is an entry that all processes of one test's command have.
func mark() string { return "UNDERSTUDY_TEST_MARK=" + uuid.NewString() }

// played is the description of the test binary in one of its modes.
func played(t testing.TB, mark, mode string, args ...string) Spec {
	return Spec{
		Path: os.Args[0], Args: append([]string{os.Args[0]}, args...),
		Env:    append(os.Environ(), envMode+"="+mode, mark),
		Timing: testTiming,
		Log:    zerolog.New(zerolog.NewTestWriter(t)),
	}
}

// start runs a command in this process, under a lease of an hour.
func start(t testing.TB, ctx context.Context, spec Spec) (*Command, <-chan error) {
	t.Helper()
	c, err := NewCommand(spec)
	if err != nil {
		t.Fatal(err)
	}
	c.Extend(boottime.Now() + time.Hour)
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	t.Cleanup(func() { c.Close() })
	return c, result
}

func receive(t testing.TB, result <-chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(patience):
		t.Fatalf("Run did not return within %v", patience)
		return nil
	}
}

func wantGone(t testing.TB, mark string) {
	t.Helper()
	if list := alive(mark); len(list) > 0 {
		t.Errorf("%d processes outlive Run: %v", len(list), list)
	}
}

var errStop = errors.New("stop")

type now struct{}

func (now) Error() string   { return "now" }
func (now) Immediate() bool { return true }

// hosted describes a program that runs a command, as the test binary does in
// the mode "host".
type hosted struct {
	Path      string
	Args, Env []string
	Restart   Policy
	Timing    registry.Timing
	Subreaper bool
	Prepare   bool          // make a guard ready and wait
	Lease     time.Duration // the only one, from the start on; zero: beats for ever
	Dir       string        // where to note what happens
	Log       string        // a file for the log, besides stderr
	Task      *Task         // run besides
	Helper    string        // a shell's script that the mode "helped" leaves running
	Victim    int           // its oom_score_adj, if it is not that of the test
	User      int           // of the mode "nobody"
	Hidden    bool          // of the mode "nobody": a /proc that hides others' processes
	Processes int           // of the mode "nobody": how many it may have
}

func host(spec string) int {
	var h hosted
	if err := json.Unmarshal([]byte(spec), &h); err != nil {
		panic(err)
	}
	if h.Victim != 0 {
		if err := os.WriteFile("/proc/self/oom_score_adj", []byte(strconv.Itoa(h.Victim)), 0); err != nil {
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
	c, err := NewCommand(Spec{Path: h.Path, Args: h.Args, Env: h.Env, Restart: h.Restart, Timing: h.Timing, Log: log})
	if err != nil {
		panic(err)
	}
	if h.Prepare {
		if err := c.Prepare(context.Background()); err != nil {
			panic(err)
		}
		note(filepath.Join(h.Dir, "result"), "prepared")
		time.Sleep(time.Hour)
	}
	if h.Lease > 0 { // which must not pass while a guard is started
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
			note(filepath.Join(h.Dir, "task"), fmt.Sprint(code, err))
		}()
	}
	note(filepath.Join(h.Dir, "lease"), fmt.Sprint(int64(until)))
	err = c.Run(context.Background(), testTerm, uuid.New())
	note(filepath.Join(h.Dir, "result"), fmt.Sprint(err))
	return 0
}

// launchWith are files that launch leaves open to the host.
var launchWith []*os.File

// launch starts a hosting program and returns it and its guard.
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
			t.Logf("the host said:\n%s", out.String())
		}
	})
	until(t, "the command", ready)
	if !h.Prepare {
		until(t, "the guard's word of it", logged(&out, "command started"))
	}
	return cmd, guardOf(t, cmd.Process.Pid)
}

// guardOf finds the guard of a process.
func guardOf(t testing.TB, pid int) (guard int) {
	t.Helper()
	until(t, "a guard", func() bool {
		for _, child := range childrenOf(pid) {
			if command(child) == "work-guard" {
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

// output collects what a process writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
