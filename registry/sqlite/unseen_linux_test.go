package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// unsearchable is another process, of a user to whom file modes apply. It beats while
// the directory cannot be searched, and after that.
func unsearchable(path string) error {
	ctx := context.Background()
	r, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	in := registry.Instance{ID: uuid.Must(uuid.NewV7()), Group: "g"}
	if _, err := r.Register(ctx, in); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Dir(path), 0); err != nil {
		return err
	}
	for range 3 {
		_, beatErr := r.Beat(ctx, in.ID, in.Status)
		_, viewErr := r.View(ctx, "g")
		for _, err := range []error{beatErr, viewErr} {
			if err == nil || errors.Is(err, registry.ErrNotRegistered) || !strings.Contains(err.Error(), "right to search") {
				return fmt.Errorf("while it cannot be searched: %w", err)
			}
		}
	}
	if _, err := Open(ctx, path, Options{}); !errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("Open while it cannot be searched: %w", err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if _, err := r.Beat(ctx, in.ID, in.Status); err != nil {
		return fmt.Errorf("then: %w", err)
	}
	return r.Close(ctx)
}

// A process that cannot see the file for a while does not know that it was replaced.
func TestBeat_UnsearchableDirectoryReplacesNothing(t *testing.T) {
	dir := filepath.Join(reachable(t), "sub")
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	cmd := testkit.Self(t, "unsearchable", filepath.Join(dir, "registry.db"))
	if os.Geteuid() == 0 { // root searches whatever the mode is
		const nobody = 65532
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		cmd.Path = "/proc/self/exe"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestBeat_LinkThatCannotBeFollowedReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "current")
	turn := func(to string) {
		t.Helper()
		if err := errors.Join(os.RemoveAll(link), os.Symlink(to, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "one"), 0o700); err != nil {
		t.Fatal(err)
	}
	turn("one")
	r := open(t, filepath.Join(link, "registry.db"))
	in := join(t, r, "g")
	turn("current") // to itself
	if _, err := r.Beat(t.Context(), in.ID, in.Status); !errors.Is(err, syscall.ELOOP) || errors.Is(err, registry.ErrNotRegistered) {
		t.Errorf("Beat: %v, want ELOOP and no ErrNotRegistered", err)
	}
	turn("one")
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Errorf("then Beat: %v", err)
	}
}
