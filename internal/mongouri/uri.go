// Package mongouri takes MongoDB's connection strings apart, checks them, and
// shows them without their secrets. It is the only parser of them: config checks
// with it what people configure, and internal/mongoconn shows with it where it
// connects to. It imports no driver, so that config stays light.
package mongouri

import (
	"net/url"
	"strings"
)

// DefaultDatabase is used where neither the URI nor a setting names a database.
const DefaultDatabase = "understudy"

// The schemes of a connection string.
const (
	schemeHosts = "mongodb"     // it names the servers themselves
	schemeDNS   = "mongodb+srv" // it names a service, and the DNS names its servers
)

// URI is a connection string in its parts, as they are written.
type URI struct {
	Scheme string
	// Database is the database that the path names, decoded; empty if there is none
	// or if it cannot be decoded.
	Database string
	// Options are the parts of the query: NAME=VALUE.
	Options []string

	raw         string
	credentials bool // there is an @
	user        string
	password    string
	hasPassword bool
	place       string // between the credentials and the query: the hosts and the path
	hosts       string
	path        string
	noSlash     bool // a query follows the hosts, without a / between
}

// Parse takes a connection string apart, however wrong it is. [URI.Check] says
// whether it is right.
func Parse(raw string) *URI {
	u := &URI{raw: raw}
	scheme, rest, found := strings.Cut(raw, "://")
	if found {
		u.Scheme = scheme
	} else {
		rest = raw
	}
	// For the driver the path begins at the first slash, and an @ after it does not
	// matter.
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	if name, err := url.QueryUnescape(path); err == nil {
		u.Database = name
	}
	// A password that should have been encoded may have any character in it. So the
	// credentials reach up to the last @: whatever may be a secret is one of them.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		u.credentials = true
		u.user, u.password, u.hasPassword = strings.Cut(rest[:at], ":")
		rest = rest[at+1:]
	}
	place, query, hasQuery := strings.Cut(rest, "?")
	slash := false
	u.place = place
	u.hosts, u.path, slash = strings.Cut(place, "/")
	u.noSlash = hasQuery && !slash
	u.Options = strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	return u
}

// DNS reports whether the DNS names the servers.
func (u *URI) DNS() bool { return u.Scheme == schemeDNS }

// Servers returns the part that says where the registry is, in a form that can be
// compared: the scheme and the hosts.
func (u *URI) Servers() string { return strings.ToLower(u.Scheme + "://" + u.hosts) }

// Unclear reports whether nobody can tell where the password begins or ends. The
// parts then may hold a piece of it, and so may the errors of a driver.
func (u *URI) Unclear() bool { return u.misplaced() || strings.Contains(u.user, "?") }

// misplaced reports whether a character stands in the credentials that separates
// them from the other parts.
func (u *URI) misplaced() bool {
	return strings.ContainsAny(u.user, "/@") || strings.ContainsAny(u.password, "/@:")
}
