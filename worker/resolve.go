package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Resolve finds the executable file of a command, in PATH if the name has no
// separator in it, and returns its absolute path. ErrNotFound,
// ErrNotExecutable.
func Resolve(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, exec.ErrDot):
		return "", fmt.Errorf("%w: %q is in the current directory only: write .%c%s", ErrNotFound, name, os.PathSeparator, name)
	case errors.Is(err, fs.ErrPermission), isFile(name):
		return "", fmt.Errorf("%w: %q", ErrNotExecutable, name)
	}
	return "", fmt.Errorf("%w: %q", ErrNotFound, name)
}

// isFile reports whether there is something of that name which exec.LookPath
// did not find fit to be executed.
func isFile(name string) bool {
	if filepath.Base(name) != name {
		_, err := os.Stat(name)
		return err == nil
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}
