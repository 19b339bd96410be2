package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Resolve finds the executable file of a command and returns its absolute path. A
// name without a separator is looked up in PATH. Resolve also checks whether the
// interpreter of a script exists, so that a mistake is found before the command has
// to start. The error wraps ErrNotFound or ErrNotExecutable.
func Resolve(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	switch {
	case err == nil:
		if err := checkScript(path); err != nil {
			return "", err
		}
		return path, nil
	case errors.Is(err, exec.ErrDot):
		return "", fmt.Errorf("%w: %q is only in the current directory: write .%c%s", ErrNotFound, name, os.PathSeparator, name)
	}
	found, info := findUnfit(name)
	switch {
	case info == nil && errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%w: %q: %w", ErrNotExecutable, name, fs.ErrPermission)
	case info == nil:
		return "", fmt.Errorf("%w: %q", ErrNotFound, name)
	case info.IsDir():
		return "", fmt.Errorf("%w: %q is a directory", ErrNotExecutable, name)
	case isBare(name) && !inPath(found):
		hint := fmt.Sprintf("write .%c%s", os.PathSeparator, name)
		if info.Mode()&0o111 == 0 {
			hint += fmt.Sprintf(", after chmod +x %s", name)
		}
		return "", fmt.Errorf("%w: %q is in the current directory, but in no directory of PATH: %s", ErrNotFound, name, hint)
	case info.Mode().IsRegular() && info.Mode()&0o111 == 0:
		return "", fmt.Errorf("%w: %q: it lacks the permission to be executed: chmod +x %s", ErrNotExecutable, name, found)
	}
	return "", fmt.Errorf("%w: %q: this user may not execute it", ErrNotExecutable, name)
}

// isBare reports whether a command's name is looked up in PATH.
func isBare(name string) bool { return filepath.Base(name) == name }

func inPath(path string) bool {
	return slices.Contains(filepath.SplitList(os.Getenv("PATH")), filepath.Dir(path))
}

// findUnfit finds what has the name of a command that exec.LookPath did not find. For
// a bare name that is a regular file in PATH or in the current directory, and for any
// other name whatever is at that path.
func findUnfit(name string) (string, fs.FileInfo) {
	if name == "" {
		return "", nil
	}
	if isBare(name) {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); dir != "" && err == nil && info.Mode().IsRegular() {
				return path, info
			}
		}
	}
	info, err := os.Stat(name)
	if err != nil || isBare(name) && !info.Mode().IsRegular() {
		return "", nil
	}
	return name, info
}

// locate returns the path of a command for this start. It looks a bare name up each
// time, since the file of an earlier start may be gone or elsewhere. The error wraps
// ErrNotFound or ErrNotExecutable.
func locate(path string) (string, error) {
	if !isBare(path) {
		return path, nil
	}
	return Resolve(path)
}

// WorkingDir returns the directory of this process, by the name by which it was
// entered. That may be the name of a symbolic link, which may lead to another
// release of a program when the command is started again. WorkingDir returns "" if
// the directory has no name.
func WorkingDir() string {
	dir, err := os.Getwd() // $PWD, if that names this directory
	if err != nil {
		return ""
	}
	here, err1 := os.Stat(".")
	there, err2 := os.Stat(dir)
	if err1 != nil || err2 != nil || !os.SameFile(here, there) {
		return ""
	}
	return dir
}
