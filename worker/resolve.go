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

// Resolve finds the executable file of a command, in PATH if the name has no
// separator in it, and returns its absolute path. It looks whether a script's
// interpreter is there, so that a mistake is known before the command is to start.
// ErrNotFound, ErrNotExecutable.
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
		return "", fmt.Errorf("%w: %q is in the current directory only: write .%c%s", ErrNotFound, name, os.PathSeparator, name)
	}
	there, info := lying(name)
	switch {
	case info == nil && errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%w: %q: %w", ErrNotExecutable, name, fs.ErrPermission)
	case info == nil:
		return "", fmt.Errorf("%w: %q", ErrNotFound, name)
	case info.IsDir():
		return "", fmt.Errorf("%w: %q is a directory", ErrNotExecutable, name)
	case isBare(name) && !inPath(there):
		hint := fmt.Sprintf("write .%c%s", os.PathSeparator, name)
		if info.Mode()&0o111 == 0 {
			hint += fmt.Sprintf(", after chmod +x %s", name)
		}
		return "", fmt.Errorf("%w: %q is in this directory, and in none of PATH: %s", ErrNotFound, name, hint)
	case info.Mode().IsRegular() && info.Mode()&0o111 == 0:
		return "", fmt.Errorf("%w: %q: it lacks the permission to be executed: chmod +x %s", ErrNotExecutable, name, there)
	}
	return "", fmt.Errorf("%w: %q: this user may not execute it", ErrNotExecutable, name)
}

// isBare reports whether a command's name is to be looked up in PATH.
func isBare(name string) bool { return filepath.Base(name) == name }

func inPath(path string) bool {
	return slices.Contains(filepath.SplitList(os.Getenv("PATH")), filepath.Dir(path))
}

// lying finds what there is of a name that exec.LookPath did not find fit to be
// executed: in PATH a file alone, else in the current directory.
func lying(name string) (string, fs.FileInfo) {
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

// located is the path of a command at this start: what its name meant at an
// earlier one may be gone, or elsewhere. ErrNotFound, ErrNotExecutable.
func located(path string) (string, error) {
	if !isBare(path) {
		return path, nil
	}
	return Resolve(path)
}

// WorkingDir is the directory that this process is in, by the name that it was
// gone to by, which may be a link's: another release of a program may be there
// when it is started again. It is empty if there is no such name.
func WorkingDir() string {
	dir, err := os.Getwd() // $PWD, if that is the one
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
