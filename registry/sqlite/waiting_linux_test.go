package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// Who waits in vain is told for whom.
func TestTheHolderOfTheLockIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	in := join(t, r, "g")
	frozen := helper(t, "freeze", path, "UNDERSTUDY_TEST_ORPHAN_AFTER=0s")
	if err := frozen.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(frozen.Process.Kill(), ignoreExit(frozen.Wait())) }()
	stopped(t, frozen.Process.Pid)
	// The file system may show other numbers than the kernel's own.
	if holder(path+"-shm", "POSIX", writeLock) == "" {
		t.Skip("/proc/locks does not tell who has the lock")
	}
	want := fmt.Sprintf("%s: process %d (", path, frozen.Process.Pid)
	for name, call := range map[string]func(ctx context.Context) error{
		"Beat": func(ctx context.Context) error { _, err := r.Beat(ctx, in.ID, in.Status); return err },
		"Begin": func(ctx context.Context) error {
			return r.BeginTerm(ctx, registry.Term{Group: "g", Number: 1, Holder: in.ID})
		},
	} {
		// It comes while its caller still listens, unless the machine is slow.
		for end := time.Now().Add(deadline); ; {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			err := call(ctx)
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

// A lock of this process's own, and one for opening.
func TestTheOpenerIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	lock, err := r.lockOpening(t.Context(), os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.release()
	if holder(r.noticePath(), "FLOCK", 0) == "" {
		t.Skip("/proc/locks does not tell who has the lock")
	}
	for _, access := range []registry.Access{registry.Join, registry.Look} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := Open(ctx, path, Options{Access: access})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "this process is opening it") {
			t.Errorf("Open: %v", err)
		}
	}
}

func TestAPathThatIsTooLongIsRefused(t *testing.T) {
	dir := t.TempDir()
	for len(dir) < longestPath-110 {
		dir = filepath.Join(dir, strings.Repeat("d", 100))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	longest := filepath.Join(dir, strings.Repeat("f", longestPath-len(dir)-1))
	in := join(t, open(t, longest), "g")
	beginTerm(t, open(t, longest), 1, in)
	_, err := Open(t.Context(), longest+"f", Options{})
	if !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), fmt.Sprint(longestPath+1)) || !strings.Contains(err.Error(), fmt.Sprint(longestPath)) {
		t.Errorf("Open: %v; want ErrPath, how long it is, and how long it may be", err)
	}
}

// unwatchable is another process, whose user may have no inotify at all.
func unwatchable(path string) error {
	ctx := context.Background()
	r, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	for _, limit := range []string{"max_inotify_watches", "max_inotify_instances"} {
		if err := os.WriteFile("/proc/sys/user/"+limit, []byte("0"), 0); err != nil {
			fmt.Println(err)
			os.Exit(cannotMount)
		}
		_, err := r.Watch(ctx, "g")
		want := strings.Replace(limit, "max_inotify", "fs.inotify.max_user", 1)
		if err == nil || errors.Is(err, registry.ErrNoWatch) || !strings.Contains(err.Error(), want) {
			return fmt.Errorf("Watch: %w; want no ErrNoWatch, for it may pass, and that it names %s", err, want)
		}
	}
	return r.Close(ctx)
}

func TestWatchNamesTheLimitThatKeepsItFromWatching(t *testing.T) {
	cmd := helper(t, "unwatchable", filepath.Join(t.TempDir(), "registry.db"))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOSPC), failed && exit.ExitCode() == cannotMount:
		t.Skipf("no user namespace of one's own here: %v: %s", err, out)
	case err != nil:
		t.Errorf("%v: %s", err, out)
	}
}

// A program with many groups has one inotify instance for all.
func TestAllWatchesOfARegistryAreOne(t *testing.T) {
	instances := func() (n int) {
		for _, name := range files(t, "/proc/self/fd") {
			if to, err := os.Readlink("/proc/self/fd/" + name); err == nil && to == "anon_inode:inotify" {
				n++
			}
		}
		return n
	}
	before := instances()
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var channels []<-chan struct{}
	for range 50 {
		ch, err := r.Watch(ctx, "g")
		if err != nil {
			t.Fatal(err)
		}
		channels = append(channels, ch)
	}
	if got := instances() - before; got != 1 {
		t.Errorf("50 watches have %d inotify instances, want 1", got)
	}
	begin(t, r, 1)
	for _, ch := range channels {
		await(t, ch, "a term")
	}
	cancel()
	for _, ch := range channels {
		for range ch {
		}
	}
	for end := time.Now().Add(deadline); instances() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody watches, and the inotify instance is still there")
		}
	}
	ch, err := r.Watch(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	begin(t, r, 2)
	await(t, ch, "a term for one who came after all had left")
}
