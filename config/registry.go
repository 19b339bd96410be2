package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// Kind is a backend of the registry.
type Kind string

const (
	MongoDB Kind = "mongodb"
	SQLite  Kind = "sqlite"
)

// Registry says where the registry is.
type Registry struct {
	Kind Kind
	URI  URI    // of MongoDB
	Path string // of SQLite, absolute
	// Implicit says that nobody named a registry: it is the default file, for
	// this user on this machine only.
	Implicit bool
}

// String returns what would name the registry, secrets redacted.
func (r Registry) String() string {
	if r.Kind == SQLite {
		return "sqlite:" + r.Path
	}
	return r.URI.String()
}

const wantRegistry = "want mongodb://…, mongodb+srv://… or sqlite:PATH"

// registry also returns the database that a URI of MongoDB names.
func (s *input) registry(m *mistakes) (r Registry, database string) {
	const variable, file = EnvRegistry, EnvRegistryFile
	name, value := s.name(variable), s.Registry
	switch {
	case s.refused[variable] || s.refused[file]:
		return Registry{}, ""
	case s.Registry != "" && s.RegistryFile != "":
		m.say("%s and %s are both set: want one of them", variable, file)
		return Registry{}, ""
	case s.RegistryFile != "":
		content, err := readFile(s.RegistryFile)
		if err != nil {
			m.add(file, s.RegistryFile, "%v", err)
			return Registry{}, ""
		}
		name, value = file+"="+show(s.RegistryFile)+": its content", content
		if what := Odd(content); what != "" {
			m.say("%s: %s", name, what)
			return Registry{}, ""
		}
	case s.Registry == "":
		path, err := s.at.registry()
		if err != nil {
			m.say("%s is not set, and %v: %s, in a place that all of them share", name, err, wantRegistry)
			return Registry{}, ""
		}
		return Registry{Kind: SQLite, Path: path, Implicit: true}, ""
	}
	r, database, err := parseRegistry(value)
	if err != nil {
		m.say("%s=%s: %v", name, showRegistry(value), err)
	}
	return r, database
}

func parseRegistry(value string) (r Registry, database string, err error) {
	if path, ok := strings.CutPrefix(value, "sqlite:"); ok {
		r.Kind = SQLite
		r.Path, err = sqlitePath(path)
		return r, "", err
	}
	if !strings.HasPrefix(value, "mongodb://") && !strings.HasPrefix(value, "mongodb+srv://") {
		if pathLike(value) {
			return Registry{}, "", errors.New("want sqlite: before the path of a file")
		}
		return Registry{}, "", errors.New(wantRegistry)
	}
	if strings.Contains(value, "${") {
		return Registry{}, "", errors.New(notExpanded + "; for a $ in a password write %24")
	}
	u := mongouri.Parse(value)
	return Registry{Kind: MongoDB, URI: newURI(value)}, u.Database, u.Check()
}

// sqlitePath takes the path as it is: nothing in it is decoded or expanded. Its
// directory has to be there: one that is made for a path with a mistake in it
// would hold another registry, which nobody else looks for.
func sqlitePath(path string) (string, error) {
	const want = "want sqlite:PATH with the path of a file"
	switch {
	case path == "":
		return "", errors.New(want)
	case Odd(path) != "":
		return "", errors.New("its path is odd: " + Odd(path))
	case unexpanded.MatchString(path):
		return "", errors.New(notExpanded)
	case path == ":memory:" || strings.HasPrefix(path, "file:"):
		return "", errors.New("instances that don't share a file would all be active: " + want)
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"):
		return "", errors.New("it has a host in it: want sqlite:/PATH, or sqlite:PATH from here")
	case strings.HasPrefix(path, "~"):
		return "", errors.New("nothing here replaces that ~ by a home: want the whole path")
	case strings.Contains(path, "?"):
		return "", errors.New("it has a ? in it: want a path without options")
	case strings.ContainsFunc(path, unicode.IsControl):
		return "", errors.New("it has a control character in it: " + want)
	case os.IsPathSeparator(path[len(path)-1]):
		return "", errors.New("that is a directory: " + want)
	case len(path) > 4096:
		return "", errors.New("want a path of at most 4 KiB")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("want an absolute path, as this directory has none: %w", err)
	}
	dir := filepath.Dir(absolute)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, os.ErrNotExist):
		return "", errors.New("its directory is not there: make it, or correct the path")
	case err == nil && !info.IsDir():
		return "", errors.New("what should be its directory is none: correct the path")
	}
	return absolute, nil // of a directory that cannot be looked at, who opens it has more to say
}

// readFile returns what a file holds, the line's end cut off. Its errors name
// neither the path nor the content.
func readFile(path string) (string, error) {
	const limit = 64 << 10
	if strings.Contains(path, "://") {
		return "", errors.New("want the path of a file; a URI belongs into UNDERSTUDY_REGISTRY")
	}
	if unexpanded.MatchString(path) {
		return "", errors.New(notExpanded)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("that is no regular file: want one that holds the URI")
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
		return "", errors.New("that file is larger than 64 KiB: want one that holds the URI alone")
	case line == "":
		return "", errors.New("that file is empty: want one that holds the URI")
	case strings.ContainsAny(line, "\r\n"):
		return "", errors.New("that file has several lines: want one that holds the URI alone")
	}
	return line, nil
}

func withoutPath(err error) error {
	var wrapped *os.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("want a file that can be read: %w", err)
}

// showRegistry shows a value that is not understood only if it can't be a URI
// that went wrong, or a password on its own.
func showRegistry(value string) string {
	path, ok := strings.CutPrefix(value, "sqlite:")
	switch {
	case strings.Contains(value, "://"):
		return show(value)
	case pathLike(value), ok && !strings.Contains(path, "@"):
		return show(value)
	case ok:
		return show("sqlite:" + mongouri.Hidden)
	}
	return show(mongouri.Hidden)
}

func pathLike(value string) bool {
	return (filepath.IsAbs(value) || strings.HasPrefix(value, "./") || strings.HasPrefix(value, "../") || strings.HasSuffix(value, ".db")) &&
		!strings.Contains(value, "@")
}
