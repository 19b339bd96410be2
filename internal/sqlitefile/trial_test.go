package sqlitefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestTrial_WhatIsKilledIsRolledBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	owner := open(t, path)
	set(t, owner, 1)
	f := openWith(t, path, Options{Access: ReadOnly})
	c, err := newConn(t.Context(), location(path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	trial := f.newTrial(c)
	set(t, trial, 2)
	want(t, trial, 2)
	want(t, owner, 1) // others do not see it
	_ = c.close()     // as the kernel does
	want(t, owner, 1)
	if err := store(t.Context(), owner, Relaxed, "y", 1); err != nil {
		t.Errorf("it left the lock: %v", err)
	}
}

func TestTrial_IsRolledBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	owner := open(t, path)
	set(t, owner, 1)
	failure := errors.New("as it happens")
	for _, wanted := range []error{nil, failure} {
		err := owner.Trial(t.Context(), func(trial *File) error {
			set(t, trial, 2)
			want(t, trial, 2)
			return wanted
		})
		if !errors.Is(err, wanted) {
			t.Errorf("Trial: %v, want %v", err, wanted)
		}
		want(t, owner, 1)
	}
}

// A trial leaves nothing behind. So it makes no new file in place of one that is
// removed meanwhile.
func TestTrial_MakesNoFile(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let go of a file that is open")
	}
	path := filepath.Join(t.TempDir(), "shared.db")
	f := openWith(t, path, Options{})
	err := f.Trial(t.Context(), func(trial *File) error {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return store(t.Context(), trial, Durable, "x", 1)
	})
	if !errors.Is(err, errReplaced) {
		t.Errorf("Trial: %v, want that the file was removed", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a file again: %v", err)
	}
}

func TestTryWriteLock_SaysWhetherItWasFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	set(t, open(t, path), 1)
	f := openWith(t, path, Options{Access: ReadOnly})
	if err := f.TryWriteLock(t.Context()); err != nil {
		t.Errorf("TryWriteLock: %v", err)
	}
	set(t, open(t, path), 2) // it gave the lock back
}
