package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// newcomer is another process. It registers, begins the next term, prints its number
// and its holder, and stays until its standard input ends.
func newcomer(path string) error {
	ctx := context.Background()
	r, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	in := registry.Instance{ID: uuid.Must(uuid.NewV7()), Group: "g"}
	if _, err := r.Register(ctx, in); err != nil {
		return err
	}
	v, err := r.View(ctx, "g")
	if err != nil {
		return err
	}
	next := registry.Term{Group: "g", Number: 1, Holder: in.ID}
	if v.Latest != nil {
		next.Number += v.Latest.Number
	}
	if err := r.BeginTerm(ctx, next); err != nil {
		return err
	}
	fmt.Println(next.Number, in.ID)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return r.Close(ctx)
}

// enterNewcomer starts a newcomer, and returns its term and a function that ends it.
func enterNewcomer(t *testing.T, path string) (registry.Term, func()) {
	t.Helper()
	cmd := testkit.Self(t, "newcomer", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	term := registry.Term{Group: "g"}
	var holder string
	if _, scanErr := fmt.Sscan(line, &term.Number, &holder); err != nil || scanErr != nil {
		t.Fatalf("the other process printed %q, %v", line, err)
	}
	if term.Holder, err = uuid.Parse(holder); err != nil {
		t.Fatalf("the other process: %v", err)
	}
	return term, sync.OnceFunc(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the other process: %v", err)
		}
	})
}

// Nobody else sees what a holder commits to a WAL that is not at the path any more. It
// takes a second process to show that: within one process, SQLite shares the WAL index.
func TestBeat_RemovedWALIsNotRegistered(t *testing.T) {
	for _, tt := range []struct {
		name    string
		removed []string
		keeps   bool // the WAL, and with it the terms
	}{
		{"its WAL removed", []string{"-wal"}, false},
		{"its WAL index removed", []string{"-shm"}, true},
		{"its WAL and WAL index removed", []string{"-wal", "-shm"}, false},
	} {
		for _, checkpointed := range []bool{false, true} {
			for _, leaves := range []bool{false, true} { // before it is noticed
				t.Run(fmt.Sprintf("%s, checkpointed %v, leaves %v", tt.name, checkpointed, leaves), func(t *testing.T) {
					path := filepath.Join(t.TempDir(), "registry.db")
					r := open(t, path)
					in := join(t, r, "g")
					if err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: in.ID}); err != nil {
						t.Fatal(err)
					}
					if checkpointed {
						testkit.SQL(t, path, "PRAGMA wal_checkpoint(PASSIVE)")
					}
					for _, suffix := range tt.removed {
						if err := os.Remove(path + suffix); err != nil {
							t.Fatal(err)
						}
					}
					term, leave := enterNewcomer(t, path)
					defer leave()
					if want := int64(2); term.Number != want && (checkpointed || tt.keeps) {
						t.Errorf("the newcomer began term %d, want %d", term.Number, want)
					}
					if leaves {
						leave()
					}
					for range 2 {
						if _, err := r.Beat(t.Context(), in.ID, in.Status); !errors.Is(err, registry.ErrNotRegistered) {
							t.Errorf("Beat: %v, want ErrNotRegistered", err)
						}
					}
					v, err := r.View(t.Context(), "g")
					if err != nil || v.Latest == nil || v.Latest.Number != term.Number || v.Latest.Holder != term.Holder || v.Holder == nil {
						t.Fatalf("View: %+v, %v; want the newcomer's term %d", v.Latest, err, term.Number)
					}
					again := join(t, r, "g")
					if _, err := r.Beat(t.Context(), again.ID, again.Status); err != nil {
						t.Errorf("Beat of the next registration: %v", err)
					}
					next, leaveNext := enterNewcomer(t, path)
					defer leaveNext()
					if next.Number != term.Number+1 {
						t.Errorf("the next newcomer began term %d, want %d", next.Number, term.Number+1)
					}
					if v, err := r.View(t.Context(), "g"); err != nil || v.Latest.Holder != next.Holder {
						t.Errorf("View: %+v, %v; want the next newcomer's term", v.Latest, err)
					}
				})
			}
		}
	}
}

// Registries of one process share the WAL index even after it was removed. They wait for
// one another.
func TestBeat_RegistriesOfOneProcessLeaveARemovedWALTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	for round := range 10 {
		registries := []*Registry{open(t, path), open(t, path), open(t, path)}
		var calls sync.WaitGroup
		var all []registry.Instance
		for _, r := range registries {
			all = append(all, join(t, r, "g"))
		}
		for _, suffix := range [][]string{{"-wal"}, {"-shm"}, {"-wal", "-shm"}}[round%3] {
			if err := os.Remove(path + suffix); err != nil {
				t.Fatal(err)
			}
		}
		for i, r := range registries {
			calls.Go(func() {
				if _, err := r.Beat(t.Context(), all[i].ID, all[i].Status); !errors.Is(err, registry.ErrNotRegistered) {
					t.Errorf("round %d: Beat: %v, want ErrNotRegistered", round, err)
				}
			})
		}
		calls.Wait()
		term, leave := enterNewcomer(t, path)
		for _, r := range registries {
			if v, err := r.View(t.Context(), "g"); err != nil || v.Latest == nil || v.Latest.Holder != term.Holder {
				t.Errorf("round %d: View: %+v, %v; want term %+v", round, v.Latest, err, term)
			}
			if err := r.Close(t.Context()); err != nil {
				t.Errorf("round %d: Close: %v", round, err)
			}
		}
		leave()
		if t.Failed() {
			break
		}
	}
}

// A registry that opens the file again, beside one that has not noticed the removal,
// must not read the new WAL through the WAL index of the old one.
func TestView_DoesNotUseTheWALIndexOfAnIdleRegistry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	idle, r := open(t, path), open(t, path)
	in := join(t, idle, "g")
	testkit.SQL(t, path, "PRAGMA wal_checkpoint(PASSIVE)")
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	term, leave := enterNewcomer(t, path)
	defer leave()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if v, err := r.View(ctx, "g"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("View beside the idle one: %+v, %v; want context.DeadlineExceeded", v, err)
	}
	if _, err := idle.Beat(t.Context(), in.ID, in.Status); !errors.Is(err, registry.ErrNotRegistered) {
		t.Errorf("Beat: %v, want ErrNotRegistered", err)
	}
	for _, r := range []*Registry{r, idle} {
		if v, err := r.View(t.Context(), "g"); err != nil || v.Latest == nil || v.Latest.Holder != term.Holder {
			t.Errorf("View: %+v, %v; want the newcomer's term", v, err)
		}
	}
}

func TestClose_CheckpointsNoRemovedWAL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	join(t, r, "g")
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	term, leave := enterNewcomer(t, path)
	leave()
	if err := r.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if v, err := open(t, path).View(t.Context(), "g"); err != nil || v.Latest == nil || v.Latest.Holder != term.Holder {
		t.Errorf("View: %+v, %v; want the newcomer's term", v, err)
	}
}
