package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// database returns the name of the database on MongoDB: that of the variable, else that
// of the URI, else the default.
func (s *input) database(m *mistakes, kind Kind, fromURI string) string {
	if s.Database != "" {
		if err := checkDatabase(s.Database); err != nil {
			m.add(EnvDatabase, s.Database, "%v", err)
		}
	}
	switch {
	case kind != MongoDB:
		return ""
	case s.Database != "" || s.refused[EnvDatabase]:
		return s.Database
	case fromURI == "":
		return mongouri.DefaultDatabase
	}
	if err := checkDatabase(fromURI); err != nil {
		m.note("%s is not set, and the registry's URI names the database %s: %v; set for example %[1]s=understudy",
			EnvDatabase, show(fromURI), err)
	}
	return fromURI
}

// checkDatabase accepts the names that MongoDB accepts on every platform.
func checkDatabase(name string) error {
	const forbidden = "/\\. \"$*<>:|?"
	switch {
	case len(name) > 63 || !utf8.ValidString(name):
		return errors.New("want a name of at most 63 bytes")
	case strings.ContainsAny(name, forbidden) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("want a name without spaces and without any of %s", strings.ReplaceAll(forbidden, " ", ""))
	case slices.Contains([]string{"admin", "config", "local"}, strings.ToLower(name)):
		return errors.New("this database is the server's own: want another name")
	}
	return nil
}
