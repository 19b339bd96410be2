package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	driver "modernc.org/sqlite"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
)

// armedTimers returns how long each armed timer of this process has left. The kernel
// numbers timers from 0 on.
func armedTimers() (left []time.Duration) {
	for id := range uintptr(1 << 14) {
		var spec unix.ItimerSpec
		if _, _, errno := unix.Syscall(unix.SYS_TIMER_GETTIME, id, uintptr(unsafe.Pointer(&spec)), 0); errno == 0 && spec.Value.Nano() > 0 {
			left = append(left, time.Duration(spec.Value.Nano()))
		}
	}
	return left
}

func needTimer(t *testing.T) {
	t.Helper()
	timer, err := boottime.NewKillTimer()
	if err != nil {
		t.Skipf("no kernel timer here: %v", err)
	}
	defer timer.Close()
	if got := armedTimers(); len(got) > 0 {
		t.Fatalf("timers are armed before the test: %v", got)
	}
	if err := timer.Arm(boottime.Now() + time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := armedTimers(); len(got) != 1 {
		t.Fatalf("one timer is armed, and %v are found", got)
	}
}

// wantTimer checks that one timer is armed, and has up to this long left.
func wantTimer(t *testing.T, what string, got []time.Duration, most time.Duration) {
	t.Helper()
	if len(got) != 1 || got[0] > most {
		t.Errorf("%s: armed are %v, want one of up to %v", what, got, most)
	}
}

func TestCommit_KillTimerIsArmedInATransaction(t *testing.T) {
	needTimer(t)
	const killAfter = 2 * time.Hour
	path := filepath.Join(t.TempDir(), "shared.db")
	f, err := Open(t.Context(), path, Options{Schema: testSchema, KillAfter: killAfter})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close(context.Background())
	after := func(what string) {
		t.Helper()
		if got := armedTimers(); len(got) > 0 {
			t.Errorf("after %s: armed are %v", what, got)
		}
	}
	after("opening")
	failure := errors.New("as it happens")
	for _, tt := range []struct {
		name string
		d    Durability
		fail error
	}{{"a relaxed commit", Relaxed, nil}, {"a durable commit", Durable, nil}, {"a commit that fails", Durable, failure}} {
		_, err := Commit(t.Context(), f, tt.d, func(*Conn) (none struct{}, err error) {
			wantTimer(t, tt.name, armedTimers(), killAfter)
			return none, tt.fail
		})
		if !errors.Is(err, tt.fail) {
			t.Fatal(err)
		}
		after(tt.name)
	}
	release := takeWriteLock(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := store(ctx, f, Relaxed, "x", 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Commit while another has the lock: %v", err)
	}
	after("a commit that found the lock taken")
	release()
	set(t, f, 1)
	want(t, f, 1)
	after("calls")
}

// onConnection is called with each connection that is made.
var onConnection atomic.Pointer[func()]

func init() {
	driver.RegisterConnectionHook(func(driver.ExecQuerierContext, string) error {
		if f := onConnection.Load(); f != nil {
			(*f)()
		}
		return nil
	})
}

// A process that is frozen while it opens the file locks all others out of opening it.
func TestOpen_KillTimerIsArmedWhileOpening(t *testing.T) {
	needTimer(t)
	const killAfter = 2 * time.Hour
	path := filepath.Join(t.TempDir(), "shared.db")
	for _, access := range []Access{Create, Write, ReadOnly} {
		seen := 0
		watch := func() {
			seen++
			wantTimer(t, fmt.Sprintf("opening, access %v", access), armedTimers(), killAfter)
		}
		onConnection.Store(&watch)
		f, err := Open(t.Context(), path, Options{Schema: testSchema, KillAfter: killAfter, Access: access})
		onConnection.Store(nil)
		if err != nil {
			t.Fatal(err)
		}
		if seen == 0 {
			t.Error("no connection was seen")
		}
		if got := armedTimers(); len(got) > 0 {
			t.Errorf("after opening: armed are %v", got)
		}
		closeFile(t, f)
	}
}

// openWithoutPendingSignals is another process, which may have no more pending signals.
func openWithoutPendingSignals(path string) error {
	if err := unix.Setrlimit(unix.RLIMIT_SIGPENDING, &unix.Rlimit{}); err != nil {
		return err
	}
	ctx, o := context.Background(), Options{Schema: testSchema, KillAfter: time.Hour}
	if _, err := Open(ctx, path, o); err == nil || !strings.Contains(err.Error(), "RLIMIT_SIGPENDING") || !strings.Contains(err.Error(), path) {
		return fmt.Errorf("Open: %w; want that it names RLIMIT_SIGPENDING and the path", err)
	}
	o.Access = ReadOnly // locks nobody out
	f, err := Open(ctx, path, o)
	if err != nil {
		return fmt.Errorf("Open to read: %w", err)
	}
	return f.Close(ctx)
}

func TestOpen_MissingKillTimerIsAnErrorThatNamesTheLimit(t *testing.T) {
	needTimer(t)
	path := filepath.Join(t.TempDir(), "shared.db")
	closeFile(t, open(t, path))
	if out, err := testkit.Self(t, "pending", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCommit_FrozenWriterIsKilled(t *testing.T) {
	timer, err := boottime.NewKillTimer()
	if err != nil {
		t.Skipf("no kernel timer here: %v", err)
	}
	defer timer.Close()
	path := filepath.Join(t.TempDir(), "shared.db")
	f := open(t, path)
	set(t, f, 1)

	cmd := testkit.Self(t, "freeze, with a timer", path)
	timeout := time.AfterFunc(deadline, func() { _ = cmd.Process.Kill() })
	out, err := cmd.Output()
	if !timeout.Stop() {
		t.Fatal("the kernel did not end it")
	}
	if err == nil || err.Error() != "signal: killed" || string(out) != inTransaction {
		t.Errorf("it ended with %v and said %q, want signal: killed and %q", err, out, inTransaction)
	}
	set(t, f, 2)
}
