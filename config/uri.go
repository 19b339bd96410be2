package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// URI is a MongoDB connection string. Every fmt verb and every encoder shows it
// redacted; [URI.Reveal] is what a driver gets.
type URI struct {
	raw *string // a pointer: fmt follows none where it cannot call a method
}

var (
	_ fmt.Formatter          = URI{}
	_ encoding.TextMarshaler = URI{}
)

func newURI(raw string) URI { return URI{&raw} }

// Reveal returns the URI with its secrets.
func (u URI) Reveal() string {
	if u.raw == nil {
		return ""
	}
	return *u.raw
}

// String returns the URI redacted.
func (u URI) String() string { return redact(u.Reveal()) }

// Format formats the redacted URI as a string.
func (u URI) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), u.String())
}

// MarshalText returns the URI redacted.
func (u URI) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// mongoURI is a connection string taken apart as a driver would, but stricter:
// whatever leaves open where a password begins or ends is refused.
type mongoURI struct {
	scheme   string
	user     string // as written; shown with a password only
	password bool
	hosts    string
	database string // decoded
	path     string // as written
	options  []string
}

// parseMongo returns errors that quote nothing of raw.
func parseMongo(raw string) (u mongoURI, err error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	u.scheme = scheme
	switch {
	case scheme != "mongodb" && scheme != "mongodb+srv":
		return u, errors.New("want mongodb:// or mongodb+srv://")
	case len(raw) > 16<<10:
		return u, errors.New("want at most 16 KiB")
	case strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }):
		return u, errors.New("it has a space or a control character in it: want those percent-encoded")
	}
	if info, after, ok := strings.Cut(rest, "@"); ok {
		var password string
		u.user, password, u.password = strings.Cut(info, ":")
		_, badUser := url.PathUnescape(u.user)
		_, badPassword := url.PathUnescape(password)
		switch {
		case strings.ContainsAny(u.user, "/") || strings.ContainsAny(password, "/:") || strings.Contains(after, "@"):
			return u, errors.New("it has a / : or @ where none may be: in the user, the password and the options write %2F, %3A, %40")
		case badUser != nil || badPassword != nil:
			return u, errors.New("the user or the password has a % that is no percent-encoding: write %25")
		case u.user == "":
			return u, errors.New("it has an @ and no user before it")
		}
		rest = after
	}
	query := ""
	if i := strings.IndexAny(rest, "/?"); i < 0 {
		u.hosts = rest
	} else if rest[i] == '?' {
		return u, errors.New("want a / between the hosts and the ?")
	} else {
		u.hosts = rest[:i]
		u.path, query, _ = strings.Cut(rest[i+1:], "?")
	}
	if err := checkHosts(u.scheme, u.hosts); err != nil {
		return u, err
	}
	if u.database, err = url.QueryUnescape(u.path); err != nil {
		return u, errors.New("the database in its path has a % that is no percent-encoding: write %25")
	}
	u.options = strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	return u, nil
}

// A name, an address in brackets, or an encoded path of a socket.
var hostPattern = regexp.MustCompile(`^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._-]+)?\])(?::([0-9]{1,5}))?$|^%2[Ff][A-Za-z0-9._%-]+\.sock$`)

func checkHosts(scheme, hosts string) error {
	list := strings.Split(hosts, ",")
	for i, host := range list {
		found := hostPattern.FindStringSubmatch(host)
		if found == nil {
			return fmt.Errorf("host %d of %d in it is not one: want a name or an address, :port optional, a comma between two", i+1, len(list))
		}
		if found[1] == "" {
			continue
		}
		if port, err := strconv.Atoi(found[1]); err != nil || port < 1 || port > 65535 {
			return fmt.Errorf("the port of host %d of %d in it is not one: want 1 to 65535", i+1, len(list))
		}
		if scheme == "mongodb+srv" {
			return errors.New("mongodb+srv:// takes its ports from DNS: want a name alone")
		}
	}
	if scheme == "mongodb+srv" && len(list) > 1 {
		return errors.New("mongodb+srv:// takes its hosts from DNS: want one name")
	}
	return nil
}

// harmless are the options whose values may be shown.
var harmless = map[string]bool{
	"authmechanism": true, "authsource": true, "compressors": true, "connect": true, "connecttimeoutms": true,
	"directconnection": true, "heartbeatfrequencyms": true, "journal": true, "loadbalanced": true,
	"localthresholdms": true, "maxconnecting": true, "maxidletimems": true, "maxpoolsize": true, "minpoolsize": true,
	"readconcernlevel": true, "readpreference": true, "replicaset": true, "retryreads": true, "retrywrites": true,
	"servermonitoringmode": true, "serverselectiontimeoutms": true, "sockettimeoutms": true, "srvmaxhosts": true,
	"srvservicename": true, "ssl": true, "timeoutms": true, "tls": true, "tlsinsecure": true, "w": true,
}

var harmlessValue = regexp.MustCompile(`^[A-Za-z0-9._$%,-]{0,64}$`)

// redact shows what of a URI is surely no secret.
func redact(raw string) string {
	if raw == "" {
		return ""
	}
	u, err := parseMongo(raw)
	switch {
	case err != nil && knownScheme(u.scheme) && strings.HasPrefix(raw, u.scheme+"://"):
		return u.scheme + "://" + hidden
	case err != nil:
		return hidden
	}
	var b strings.Builder
	b.WriteString(u.scheme + "://")
	switch {
	case u.password:
		b.WriteString(u.user + ":" + hidden + "@")
	case u.user != "":
		b.WriteString(hidden + "@")
	}
	b.WriteString(u.hosts + "/" + u.path)
	for i, option := range u.options {
		b.WriteByte("?&"[min(i, 1)])
		key, value, ok := strings.Cut(option, "=")
		if ok && harmless[strings.ToLower(key)] && harmlessValue.MatchString(value) {
			b.WriteString(option)
		} else {
			b.WriteString(hidden)
		}
	}
	return b.String()
}

// knownScheme reports whether it is surely a scheme, and not a part of a secret.
func knownScheme(s string) bool {
	switch strings.ToLower(s) {
	case "mongodb", "mongodb+srv", "mongo", "sqlite", "sqlite3", "file",
		"postgres", "postgresql", "mysql", "redis", "rediss", "etcd", "http", "https":
		return true
	}
	return false
}
