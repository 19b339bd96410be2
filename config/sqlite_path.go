package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// sqlitePath returns the absolute form of a path. Nothing in the path is decoded or
// expanded. Its directory has to exist: one that were made for a path with a typo would
// hold another registry, which no other instance looks for.
func sqlitePath(path string) (string, error) {
	const want = "want sqlite:PATH with the path of a file"
	switch {
	case path == "":
		return "", errors.New(want)
	case StrayCharacter(path) != "":
		return "", errors.New("its path has a stray character: " + StrayCharacter(path))
	case unexpanded().MatchString(path):
		return "", errors.New(notExpanded)
	case path == ":memory:" || strings.HasPrefix(path, "file:"):
		return "", errors.New("instances that do not share a file would all be active: " + want)
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"):
		return "", errors.New("it has a host in it: want sqlite:/PATH, or sqlite:PATH relative to the current directory")
	case strings.HasPrefix(path, "~"):
		return "", errors.New(noHome)
	case strings.Contains(path, "?"):
		return "", errors.New("it has a ? in it: want a path without options")
	case strings.ContainsFunc(path, unicode.IsControl):
		return "", errors.New("it has a control character in it: " + want)
	case os.IsPathSeparator(path[len(path)-1]):
		return "", errors.New("this is a directory: " + want)
	case len(path) > 4096:
		return "", errors.New("want a path of at most 4 KiB")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("want an absolute path, since the current directory cannot be found: %w", err)
	}
	dir := filepath.Dir(absolute)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, os.ErrNotExist):
		return "", errors.New("its directory does not exist: create it, or correct the path")
	case err == nil && !info.IsDir():
		return "", errors.New("the part before its last slash is not a directory: correct the path")
	}
	return absolute, nil // whatever else is wrong with the directory is found when the file is opened
}
