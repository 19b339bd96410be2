// Package secretfile reads files that hold one secret, in one line. No error of it shows the
// secret or the path: somebody may have written the secret where the path belongs.
package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	Min = 16 // characters of a secret
	Max = 1024
)

// Read returns the secret in a file, without the end of its line. Errors begin with the
// name of the variable that names the file, and say what is wanted: what the secret is, such
// as "token".
func Read(path, variable, what string) (secret []byte, mode fs.FileMode, err error) {
	wrong := func(format string, a ...any) error { return fmt.Errorf(variable+": "+format, a...) }
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, wrong("want a file that can be read: %w", withoutPath(err))
	}
	if !info.Mode().IsRegular() {
		return nil, 0, wrong("this is not a regular file: want one that holds the %s", what)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, wrong("want a file that can be read: %w", withoutPath(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, Max+3)) // a secret that is too long, and the end of its line
	if err != nil {
		return nil, 0, wrong("want a file that can be read: %w", withoutPath(err))
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	switch {
	case len(line) == 0:
		return nil, 0, wrong("it is empty: want a %s of %d to %d characters", what, Min, Max)
	case len(line) > Max:
		return nil, 0, wrong("it is too long: want only a %s of %d to %d characters", what, Min, Max)
	case bytes.ContainsAny(line, "\r\n"):
		return nil, 0, wrong("it has several lines: want one that holds only the %s", what)
	case bytes.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, 0, wrong("the %s has a space, or a character that no HTTP header may have: want letters, digits and signs", what)
	case len(line) < Min:
		return nil, 0, wrong("the %s has %d characters: want %d to %d, such as what openssl rand -hex 32 prints", what, len(line), Min, Max)
	}
	return line, info.Mode(), nil
}

// withoutPath returns an error of the file system without the path.
func withoutPath(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	return err
}
