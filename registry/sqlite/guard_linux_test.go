package sqlite

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
	"github.com/understudy-go/understudy/registry"
)

// armed is how long each timer of this process that is armed has left. The kernel
// gives numbers from 0 on.
func armed() (left []time.Duration) {
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
	if got := armed(); len(got) > 0 {
		t.Fatalf("timers are armed before the test: %v", got)
	}
	if err := timer.Arm(boottime.Now() + time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := armed(); len(got) != 1 {
		t.Fatalf("one timer is armed, and %v are found", got)
	}
}

// wantGuard checks that the one armed timer has the quota or less.
func wantGuard(t *testing.T, what string, got []time.Duration, quota time.Duration) {
	t.Helper()
	if len(got) != 1 || got[0] > quota {
		t.Errorf("%s: armed are %v, want one of up to %v", what, got, quota)
	}
}

func TestWritesAreGuardedForAQuarterOfOrphanAfter(t *testing.T) {
	needTimer(t)
	const orphanAfter = 8 * time.Hour
	path := filepath.Join(t.TempDir(), "registry.db")
	r, err := Open(t.Context(), path, Options{OrphanAfter: orphanAfter})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	after := func(what string) {
		t.Helper()
		if got := armed(); len(got) > 0 {
			t.Errorf("after %s: armed are %v", what, got)
		}
	}
	after("opening")
	failure := errors.New("as it happens")
	for _, tt := range []struct {
		name string
		what records
		fail error
	}{{"a beat", ofInstances, nil}, {"a term", ofTerms, nil}, {"a write that fails", ofTerms, failure}} {
		_, err := writing(t.Context(), r, tt.what, func(*conn) (none struct{}, err error) {
			wantGuard(t, tt.name, armed(), orphanAfter/4)
			return none, tt.fail
		})
		if !errors.Is(err, tt.fail) {
			t.Fatal(err)
		}
		after(tt.name)
	}
	other := open(t, path)
	if err := other.file.writer.exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Beat(ctx, newInstance(t, "g").ID, registry.Status{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Beat while another has the lock: %v", err)
	}
	after("a write that found the lock taken")
	if err := other.file.writer.exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	in := join(t, r, "g")
	beginTerm(t, r, 1, in)
	if _, err := r.View(t.Context(), "g"); err != nil {
		t.Error(err)
	}
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

// Who is frozen while opening locks all others out of opening.
func TestOpeningIsGuarded(t *testing.T) {
	needTimer(t)
	const orphanAfter = 8 * time.Hour
	path := filepath.Join(t.TempDir(), "registry.db")
	for _, access := range []registry.Access{registry.Join, registry.Ask, registry.Look} {
		seen := 0
		watch := func() {
			seen++
			wantGuard(t, fmt.Sprintf("opening, access %v", access), armed(), orphanAfter/4)
		}
		onConnection.Store(&watch)
		r, err := Open(t.Context(), path, Options{OrphanAfter: orphanAfter, Access: access})
		onConnection.Store(nil)
		if err != nil {
			t.Fatal(err)
		}
		if seen == 0 {
			t.Error("no connection was seen")
		}
		if got := armed(); len(got) > 0 {
			t.Errorf("after opening: armed are %v", got)
		}
		closed(t, r)
	}
}

// pending is another process, which may have no more pending signals.
func pending(path string) error {
	if err := unix.Setrlimit(unix.RLIMIT_SIGPENDING, &unix.Rlimit{}); err != nil {
		return err
	}
	ctx, o := context.Background(), Options{OrphanAfter: time.Hour}
	if _, err := Open(ctx, path, o); err == nil || !strings.Contains(err.Error(), "RLIMIT_SIGPENDING") || !strings.Contains(err.Error(), path) {
		return fmt.Errorf("Open: %w; want that it names RLIMIT_SIGPENDING and the path", err)
	}
	o.Access = registry.Look // locks nobody out
	r, err := Open(ctx, path, o)
	if err != nil {
		return fmt.Errorf("Open to look: %w", err)
	}
	return r.Close(ctx)
}

func TestGuardThatCannotBeHadIsAnErrorThatNamesTheLimit(t *testing.T) {
	needTimer(t)
	path := filepath.Join(t.TempDir(), "registry.db")
	closed(t, open(t, path))
	if out, err := helper(t, "pending", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
