package sqlitefile

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

	"github.com/understudy-go/understudy/internal/testkit"
)

// cannotLimit is the exit code of a helper that is not permitted to set the limits.
const cannotLimit = 77

// watchWithoutInotify is another process, whose user may have no inotify at all.
func watchWithoutInotify(path string) error {
	ctx := context.Background()
	f, err := Open(ctx, path, Options{Schema: testSchema})
	if err != nil {
		return err
	}
	for _, limit := range []string{"max_inotify_watches", "max_inotify_instances"} {
		if err := os.WriteFile("/proc/sys/user/"+limit, []byte("0"), 0); err != nil {
			fmt.Println(err)
			os.Exit(cannotLimit)
		}
		_, err := f.Watch(ctx, "x", stateOf("x"))
		want := strings.Replace(limit, "max_inotify", "fs.inotify.max_user", 1)
		if err == nil || errors.Is(err, ErrNoWatch) || !strings.Contains(err.Error(), want) {
			return fmt.Errorf("Watch: %w; want no ErrNoWatch, for it may pass, and that it names %s", err, want)
		}
	}
	return f.Close(ctx)
}

func TestWatch_NamesTheLimitThatIsReached(t *testing.T) {
	cmd := testkit.Self(t, "unwatchable", filepath.Join(t.TempDir(), "shared.db"))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOSPC), failed && exit.ExitCode() == cannotLimit:
		t.Skipf("no user namespace of one's own here: %v: %s", err, out)
	case err != nil:
		t.Errorf("%v: %s", err, out)
	}
}

// A program with many watches of one file has one inotify instance for all.
func TestWatch_AllOfAFileAreOneForTheSystem(t *testing.T) {
	instances := func() (n int) {
		for _, name := range testkit.Names(t, "/proc/self/fd") {
			if to, err := os.Readlink("/proc/self/fd/" + name); err == nil && to == "anon_inode:inotify" {
				n++
			}
		}
		return n
	}
	before := instances()
	f := open(t, filepath.Join(t.TempDir(), "shared.db"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var channels []<-chan struct{}
	for range 50 {
		ch, err := f.Watch(ctx, "x", stateOf("x"))
		if err != nil {
			t.Fatal(err)
		}
		channels = append(channels, ch)
	}
	if got := instances() - before; got != 1 {
		t.Errorf("50 watches have %d inotify instances, want 1", got)
	}
	set(t, f, 1)
	for _, ch := range channels {
		await(t, ch, "a change")
	}
	cancel()
	for _, ch := range channels {
		for range ch {
		}
	}
	for end := time.Now().Add(deadline); instances() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no watcher is left, and the inotify instance is still there")
		}
	}
	ch, err := f.Watch(t.Context(), "x", stateOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	set(t, f, 2)
	await(t, ch, "a change for a watcher that came after all had left")
}
