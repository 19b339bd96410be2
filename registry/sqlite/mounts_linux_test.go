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

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// cannotMount is the exit code of a helper that is not permitted to mount.
const cannotMount = 77

// mounts is another process, which tries read-only and full file systems in a mount
// namespace of its own. There, root cannot write into them either.
func mounts(dir string) error {
	mount := func(source, target, kind string, flags uintptr, data string) {
		if err := unix.Mount(source, target, kind, flags, data); err != nil {
			fmt.Printf("mount %s on %s: %v\n", kind, target, err)
			os.Exit(cannotMount)
		}
	}
	mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	mount("tmpfs", dir, "tmpfs", 0, "size=1m")

	ctx := context.Background()
	path := filepath.Join(dir, "registry.db")
	in := registry.Instance{ID: uuid.Must(uuid.NewV7()), Group: "g"}
	r, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	if _, err = r.Register(ctx, in); err != nil {
		return err
	}

	// On a full disk, calls that need no more room go on.
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("the disk is not full: %w", err)
	}
	for n := range 1000 {
		if _, err := r.Beat(ctx, in.ID, in.Status); err != nil {
			return fmt.Errorf("full: beat %d: %w", n, err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}

	number := int64(0)
	for err == nil {
		number++
		err = r.BeginTerm(ctx, registry.Term{Group: "g", Number: number, Holder: in.ID, Host: strings.Repeat("x", 3000)})
	}
	if !strings.Contains(err.Error(), "no room left") || !strings.Contains(err.Error(), path) {
		return fmt.Errorf("full: got %q", err)
	}
	if v, err := r.View(ctx, "g"); err != nil || v.Latest == nil || v.Latest.Number != number-1 || v.Holder == nil {
		return fmt.Errorf("full: View: %+v, %w; want term %d", v, err, number-1)
	}
	mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=8m")
	if err := r.BeginTerm(ctx, registry.Term{Group: "g", Number: number, Holder: in.ID}); err != nil {
		return fmt.Errorf("room again: %w", err)
	}
	if err := r.Close(ctx); err != nil {
		return err
	}

	refused := func(what, says string) error {
		r, err := Open(ctx, path, Options{MakeDirectory: true})
		if err == nil {
			_ = r.Close(ctx)
			return fmt.Errorf("%s: no error", what)
		}
		if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
			return fmt.Errorf("%s: got %q, want that it names the path and says %q", what, err, says)
		}
		fmt.Printf("%s: %v\n", what, err)
		return nil
	}
	mount(path, path, "", unix.MS_BIND, "")
	if err := refused("file mounted by itself", "mount its directory"); err != nil {
		return err
	}
	if err := unix.Unmount(path, 0); err != nil {
		return err
	}
	mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "")
	if err := refused("read-only mount", "cannot be written"); err != nil {
		return err
	}
	path = filepath.Join(dir, "sub", "registry.db")
	if err := refused("read-only parent", "cannot be made"); err != nil {
		return err
	}
	path = filepath.Join(dir, "registry.db")
	mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=8m")
	if r, err = Open(ctx, path, Options{}); err != nil {
		return fmt.Errorf("writable again: %w", err)
	}
	if v, err := r.View(ctx, "g"); err != nil || v.Latest == nil || v.Latest.Number != number || v.Holder == nil {
		return fmt.Errorf("writable again: View: %+v, %w; want term %d", v, err, number)
	}
	return r.Close(ctx)
}

func TestOpen_ReadOnlyAndFullFileSystems(t *testing.T) {
	cmd := testkit.Self(t, "mounts", t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSPC), failed && exit.ExitCode() == cannotMount:
		t.Skipf("this user may not mount: %v: %s", err, out)
	case err != nil:
		t.Errorf("%v: %s", err, out)
	default:
		t.Logf("%s", out)
	}
}
