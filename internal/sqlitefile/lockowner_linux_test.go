package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A caller that waits in vain is told for which process it waited.
func TestCommit_NamesTheProcessThatHasTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	f := open(t, path)
	set(t, f, 1)
	frozen, kill := startFrozen(t, path)
	defer kill()
	// The file system may show other inode numbers than the kernel's own.
	if lockOwner(path+"-shm", "POSIX", writeLock) == "" {
		t.Skip("/proc/locks does not tell which process has the lock")
	}
	want := fmt.Sprintf("%s: process %d (", path, frozen.Process.Pid)
	for name, d := range map[string]Durability{"relaxed": Relaxed, "durable": Durable} {
		// The answer comes while its caller still waits, unless the machine is slow.
		for end := time.Now().Add(deadline); ; {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			err := store(ctx, f, d, "x", 2)
			early := ctx.Err() == nil
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "holds its lock") {
				t.Errorf("%s: %v; want context.DeadlineExceeded and %q", name, err, want)
			}
			if early {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s: it came after the end of its context each time", name)
			}
		}
	}
}

// Here it is this process that has the lock, and it is the one for opening.
func TestOpen_NamesTheProcessThatHasTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	f := open(t, path)
	lock, err := f.lockOpening(t.Context(), os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.release()
	if lockOwner(f.NoticePath(), "FLOCK", 0) == "" {
		t.Skip("/proc/locks does not tell which process has the lock")
	}
	for _, access := range []Access{Create, ReadOnly} {
		// The answer comes at the end of the context. On a slow machine it comes too late
		// for its caller, which then returns without it.
		for end := time.Now().Add(deadline); ; {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			_, err := Open(ctx, path, Options{Schema: testSchema, Access: access})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Open: %v, want context.DeadlineExceeded", err)
			}
			if strings.Contains(err.Error(), "this process is opening it") {
				break
			}
			if !strings.Contains(err.Error(), "it has not answered") || time.Now().After(end) {
				t.Fatalf("Open: %v; want that this process is opening it", err)
			}
		}
	}
}

// Without a kill timer, a frozen writer locks everyone out. Callers still return in
// time, reads go on, and the error says why.
func TestCommit_LockedOutCallersReturnInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	f := open(t, path)
	set(t, f, 1)
	_, kill := startFrozen(t, path)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := store(ctx, f, Relaxed, "x", 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Commit: %v, want context.DeadlineExceeded", err)
	}
	want(t, f, 1)
	kill()
	set(t, f, 3)
}
