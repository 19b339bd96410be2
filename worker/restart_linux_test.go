package worker

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
)

// After "cd current; understudy -- ./work", a deployment lets the link current name
// another release, and deletes the previous one.
func TestCommand_EachStartEntersTheDirectoryByItsName(t *testing.T) {
	dir := t.TempDir()
	current := filepath.Join(dir, "current")
	release := func(name string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		executable(t, filepath.Join(dir, name), "work", "#!/bin/sh\npwd -P >>"+dir+"/log; [ -e ../go ] || exit 1\nexit 0\n", 0o755)
	}
	link := func(name string) {
		t.Helper()
		if err := os.Symlink(name, current+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(current+".new", current); err != nil {
			t.Fatal(err)
		}
	}
	release("1")
	link("1")
	t.Chdir(current)
	t.Setenv("PWD", current)
	path, err := Resolve("./work")
	if err != nil {
		t.Fatal(err)
	}
	spec := testSpec(t, testMark(), "")
	spec.Path, spec.Args, spec.Dir, spec.Restart = path, nil, WorkingDir(), config.RestartOnFailure
	if spec.Dir != current {
		t.Fatalf("the working directory is %q, want the link's name", spec.Dir)
	}
	var log output
	spec.Log = zerolog.New(&log)
	_, result := start(t, context.Background(), spec)
	physical, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a run of the first release", contains(filepath.Join(dir, "log"), filepath.Join(physical, "1")))

	if err := os.Remove(current); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "1")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the log to say that the directory is gone", logged(&log, "it cannot be started in the directory that Understudy was started in: directory "+current))
	release("2")
	link("2")
	executable(t, dir, "go", "", 0o600)
	wantExit(t, result, 0)
	if !contains(filepath.Join(dir, "log"), filepath.Join(physical, "2"))() {
		t.Error("it was not started in the second release")
	}
}

func TestCommand_EachStartLooksItsProgramUp(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "a")+":"+filepath.Join(dir, "b")+":"+os.Getenv("PATH"))
	first := executable(t, filepath.Join(dir, "a"), "moving-work", "#!/bin/sh\necho ran >>"+dir+"/log\nexit 1\n", 0o755)
	spec := testSpec(t, testMark(), "")
	spec.Path, spec.Args, spec.Restart = "moving-work", nil, config.RestartOnFailure
	_, result := start(t, context.Background(), spec)
	waitFor(t, "a run", contains(filepath.Join(dir, "log"), "ran"))
	executable(t, filepath.Join(dir, "b"), "moving-work", "#!/bin/sh\nexit 0\n", 0o755)
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	wantExit(t, result, 0)
}

// A process may run in a directory that its user may not enter, such as root's.
func TestWorkingDir_WithoutANameIsInherited(t *testing.T) {
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone")
	if err := os.Mkdir(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(gone)
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if name := WorkingDir(); name != "" {
		t.Errorf("a deleted directory is called %q", name)
	}
	spec := testSpec(t, testMark(), "exit", "0")
	spec.Dir, spec.Restart = WorkingDir(), config.RestartNever
	_, result := start(t, context.Background(), spec)
	wantExit(t, result, 0)
}
