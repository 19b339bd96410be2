package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

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
	// Implicit says that no registry was named, so this is the default file, which only
	// the instances of this user on this machine share.
	Implicit bool
}

// String returns the value that names the registry, with secrets redacted.
func (r Registry) String() string {
	if r.Kind == SQLite {
		return "sqlite:" + r.Path
	}
	return r.URI.String()
}

// NamesFiles reports whether the registry is opened with files that its URI names, such as
// a certificate. Their paths may be relative to the working directory.
func (r Registry) NamesFiles() bool {
	return slices.ContainsFunc(mongouri.Parse(r.URI.Reveal()).Options, func(option string) bool {
		name, _, _ := strings.Cut(option, "=")
		return strings.HasSuffix(strings.ToLower(name), "file")
	})
}

const wantRegistry = "want mongodb://…, mongodb+srv://… or sqlite:PATH"

// registry also returns the database that a URI of MongoDB names, if it names one.
func (s *input) registry(m *mistakes) (r Registry, database string) {
	const variable, file = EnvRegistry, EnvRegistryFile
	name, value := s.name(variable), s.Registry
	switch {
	case s.refused[variable] || s.refused[file]:
		return Registry{}, ""
	case s.Registry != "" && s.RegistryFile != "":
		m.note("%s and %s are both set: want one of them", variable, file)
		return Registry{}, ""
	case s.RegistryFile != "":
		content, err := readFile(s.RegistryFile)
		if err != nil {
			m.add(file, s.RegistryFile, "%v", err)
			return Registry{}, ""
		}
		name, value = file+"="+show(s.RegistryFile)+": its content", content
		if stray := StrayCharacter(content); stray != "" {
			m.note("%s: %s", name, stray)
			return Registry{}, ""
		}
	case s.Registry == "":
		path, err := s.at.registry()
		if err != nil {
			m.note("%s is not set, and %v: %s, in a place that all of them share", name, err, wantRegistry)
			return Registry{}, ""
		}
		return Registry{Kind: SQLite, Path: path, Implicit: true}, ""
	}
	r, database, err := parseRegistry(value)
	if err != nil {
		m.note("%s=%s: %v", name, showRegistry(value), err)
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

// showRegistry shows a value that is not understood, unless it may be a URI with a typo
// or a password.
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

// pathLike reports whether a value looks like a path, and certainly is not a URI.
func pathLike(value string) bool {
	return (filepath.IsAbs(value) || strings.HasPrefix(value, "./") || strings.HasPrefix(value, "../") || strings.HasSuffix(value, ".db")) &&
		!strings.Contains(value, "@")
}
