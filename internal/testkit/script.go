package testkit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Script writes a program for /bin/sh into a directory of its own.
func Script(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// FileLines returns the lines that scripts have written to a file, which need not
// exist yet.
func FileLines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}
