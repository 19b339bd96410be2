package sqlite

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// The test binary runs itself: as another process that uses the same file.
func TestMain(m *testing.M) {
	testkit.RunRole(map[string]testkit.Role{
		"member":       testkit.RoleOf(member),
		"newcomer":     testkit.RoleOf(newcomer),
		"look":         testkit.RoleOf(look),
		"check":        testkit.RoleOf(findings),
		"mounts":       testkit.RoleOf(mounts),
		"unsearchable": testkit.RoleOf(unsearchable),
	})
	os.Exit(m.Run())
}

// member is another process. It registers, beats, and takes every term that it can, as
// fast as it can, until its standard input ends. Only errors of the contract may come.
func member(path string) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		stop()
	}()
	r, err := Open(ctx, path, Options{OrphanAfter: 4 * time.Hour})
	if err != nil {
		return err
	}
	defer func() { _ = r.Close(context.Background()) }()
	for ctx.Err() == nil {
		in := registry.Instance{ID: uuid.Must(uuid.NewV7()), Group: "g"}
		if _, err := r.Register(ctx, in); err != nil && ctx.Err() == nil {
			return err
		}
		for ctx.Err() == nil {
			_, err := r.Beat(ctx, in.ID, registry.Status{Role: registry.Passive})
			if errors.Is(err, registry.ErrNotRegistered) {
				break
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
			v, err := r.View(ctx, "g")
			if err != nil && ctx.Err() == nil {
				return err
			}
			next := registry.Term{Group: "g", Number: 1, Holder: in.ID}
			if v.Latest != nil {
				next.Number += v.Latest.Number
			}
			if err := r.BeginTerm(ctx, next); err != nil && !errors.Is(err, registry.ErrTermTaken) && ctx.Err() == nil {
				return err
			}
		}
	}
	return nil
}

// Several processes work with a file while it is removed, again and again. All of them
// find the new file, and none of them damages it.
func TestRegistry_ProcessesMoveToTheNewFileTogether(t *testing.T) {
	const processes, rounds = 3, 9 // every way of removing it twice
	path := filepath.Join(t.TempDir(), "registry.db")
	var inputs []func() error
	var members []*exec.Cmd
	outputs := make([]strings.Builder, processes)
	for i := range processes {
		cmd := testkit.Self(t, "member", path)
		cmd.Stdout, cmd.Stderr = &outputs[i], &outputs[i]
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		inputs, members = append(inputs, in.Close), append(members, cmd)
	}
	for round := range rounds {
		var list []registry.Instance
		deadline := time.Now().Add(30 * time.Second)
		for len(list) < processes {
			if time.Now().After(deadline) {
				t.Errorf("round %d: only %d of %d processes are in the file", round, len(list), processes)
				break
			}
			r, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Errorf("round %d: Open: %v", round, err)
				break
			}
			if list, _, err = r.Instances(t.Context(), "g"); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			if _, err := r.Terms(t.Context(), "g", 1<<30); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			verdict, err := reading(t.Context(), r, func(c *conn) (verdict string, err error) {
				err = c.Scan("PRAGMA integrity_check", &verdict)
				return verdict, err
			})
			if err != nil || verdict != "ok" {
				t.Errorf("round %d: the file is damaged: %s, %v", round, verdict, err)
			}
			_ = r.Close(t.Context())
		}
		if t.Failed() || round == rounds-1 {
			break
		}
		switch round % 4 {
		case 0:
			_ = os.Remove(path)
		case 1:
			_ = os.Rename(path, path+".old")
		case 2:
			for _, suffix := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(path + suffix)
			}
		case 3:
			for _, suffix := range []string{"-terms", "", "-shm", "-wal"} {
				_ = os.Remove(path + suffix)
			}
		}
	}
	for i := range members {
		_ = inputs[i]()
	}
	for i, cmd := range members {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v: %s", i, err, outputs[i].String())
		}
	}
}
