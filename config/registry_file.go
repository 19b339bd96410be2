package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// readFile returns the only line of a file, without the line end. Its errors contain
// neither the path nor the content.
func readFile(path string) (string, error) {
	const limit = 64 << 10
	if strings.Contains(path, "://") {
		return "", errors.New("want the path of a file; a URI belongs in " + EnvRegistry)
	}
	if unexpanded().MatchString(path) {
		return "", errors.New(notExpanded)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("this is not a regular file: want one that holds the URI")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", withoutPath(err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", withoutPath(err)
	}
	line := strings.TrimRight(string(content), "\r\n")
	switch {
	case len(content) > limit:
		return "", errors.New("this file is larger than 64 KiB: want one that holds only the URI")
	case line == "":
		return "", errors.New("this file is empty: want one that holds the URI")
	case strings.ContainsAny(line, "\r\n"):
		return "", errors.New("this file has several lines: want one that holds only the URI")
	}
	return line, nil
}

// withoutPath returns an error of the file system without the path.
func withoutPath(err error) error {
	var wrapped *os.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("want a file that can be read: %w", err)
}
