package worker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
)

// testTiming is generous, so that no grace and no lease ends on a machine that
// stalls.
var testTiming = registry.Timing{Interval: 50 * time.Millisecond, OrphanAfter: 5 * time.Minute, StopGrace: 10 * time.Second}

const (
	shortGrace = 500 * time.Millisecond // for commands that ignore SIGTERM
	leeway     = 5 * time.Second        // enough time for what has to happen before an instant
)

var testTerm = registry.Term{Group: "test", Number: 7}

const patience = time.Minute // a generous deadline

func ptr(p *uint64) uintptr { return uintptr(unsafe.Pointer(p)) }

// waitFor waits for a condition.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// contains returns a condition: the file has a line that ends with text.
func contains(file, text string) func() bool {
	return func() bool {
		data, _ := os.ReadFile(file)
		return strings.Contains(string(data), text+"\n")
	}
}

// logged returns a condition: the log has the text in it.
func logged(log *output, text string) func() bool {
	return func() bool { return strings.Contains(log.String(), text) }
}

// testMark returns an entry for the environment of one test's command, by which
// alive finds its processes.
func testMark() string { return "UNDERSTUDY_TEST_MARK=" + uuid.NewString() }

// testSpec describes a command that runs the test binary in one of its modes.
func testSpec(t testing.TB, mark, mode string, args ...string) Spec {
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
	t.Cleanup(c.Close)
	c.Extend(boottime.Now() + time.Hour)
	return c, runAsync(ctx, c)
}

// newPrepared returns a command whose guard is ready, so that a short lease does not
// end while the guard is started.
func newPrepared(t testing.TB, spec Spec) *Command {
	t.Helper()
	c, err := NewCommand(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// runAsync calls Run, and returns what will receive its result.
func runAsync(ctx context.Context, c *Command) <-chan error {
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	return result
}

// receive returns what Run has returned.
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

// wantCause fails the test unless Run returns errStop, the cause of its context.
func wantCause(t testing.TB, result <-chan error) {
	t.Helper()
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
}

// wantExit fails the test unless Run returns a final exit with the given code.
func wantExit(t testing.TB, result <-chan error, code int) {
	t.Helper()
	var exit *Exit
	if err := receive(t, result); !errors.As(err, &exit) || exit.Code != code {
		t.Errorf("Run returned %v, want exit code %d", err, code)
	}
}

// wantGone fails the test if a process with the mark is alive.
func wantGone(t testing.TB, mark string) {
	t.Helper()
	if list := alive(mark); len(list) > 0 {
		t.Errorf("%d processes outlive Run: %v", len(list), list)
	}
}

var errStop = errors.New("stop")

type immediateStop struct{}

func (immediateStop) Error() string   { return "now" }
func (immediateStop) Immediate() bool { return true }

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
