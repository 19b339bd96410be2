package worker

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestResolve_FindsWhatCanBeExecuted(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("fit", 0o755)
	write("unfit", 0o644)
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Chdir(dir)
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"fit", nil},
		{"./fit", nil},
		{filepath.Join(dir, "fit"), nil},
		{"unfit", ErrNotExecutable},
		{"./unfit", ErrNotExecutable},
		{"./directory", ErrNotExecutable},
		{"directory", ErrNotFound},
		{"missing", ErrNotFound},
		{"./missing", ErrNotFound},
		{"", ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, err := Resolve(tt.name)
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if tt.err == nil && path != filepath.Join(dir, "fit") {
				t.Errorf("path %q", path)
			}
		})
	}
}
