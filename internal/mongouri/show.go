package mongouri

import (
	"errors"
	"net/url"
	"strings"

	"github.com/understudy-go/understudy/internal/pattern"
)

// Hidden stands for what must not be shown.
const Hidden = "xxxxx"

// Redact returns a connection string without what may be a secret. If the string is wrong,
// only the scheme is left, because nobody knows where in it the password is.
func Redact(raw string) string {
	if raw == "" {
		return ""
	}
	u := Parse(raw)
	switch err := u.Check(); {
	case err != nil && knownScheme(u.Scheme):
		return u.Scheme + "://" + Hidden
	case err != nil:
		return Hidden
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://" + u.shownCredentials() + u.hosts + "/" + u.path)
	for i, option := range u.Options {
		b.WriteByte("?&"[min(i, 1)])
		name, value, ok := strings.Cut(option, "=")
		if ok && harmless[strings.ToLower(name)] && harmlessValue().MatchString(value) {
			b.WriteString(option)
		} else {
			b.WriteString(Hidden)
		}
	}
	return b.String()
}

// Place returns where the URI leads, for errors of connecting: the URI without
// credentials and options. It shows the hosts of a wrong URI too.
func (u *URI) Place() string {
	place := u.shownCredentials() + u.place
	if u.Scheme != "" {
		place = u.Scheme + "://" + place
	}
	return place
}

// shownCredentials shows the user only beside a password: what stands alone may
// be a password without a user.
func (u *URI) shownCredentials() string {
	switch {
	case !u.credentials:
		return ""
	case u.hasPassword && !u.Unclear():
		return u.user + ":" + Hidden + "@"
	}
	return Hidden + "@"
}

// ErrUnclear stands for an error that may quote a piece of the password as a host.
var ErrUnclear = errors.New("(the reason is not shown, because the URI has a / : or @ that may belong to a password: " +
	"write %2F, %3A, %40 in the user, the password and the options)")

// Hide returns the text of an error about the URI without the URI's secrets. A
// driver quotes the URI, or parts of it, as they are written or decoded.
func (u *URI) Hide(text string) string {
	if u.Unclear() {
		return ErrUnclear.Error()
	}
	var pairs []string
	secret := func(text string) {
		if text == "" {
			return
		}
		pairs = append(pairs, text, Hidden)
		if plain, err := url.PathUnescape(text); err == nil && plain != text {
			pairs = append(pairs, plain, Hidden)
		}
	}
	if u.hasPassword {
		secret(u.user + ":" + u.password)
	} else {
		secret(u.user)
	}
	secret(u.password)
	for _, option := range u.Options {
		name, value, _ := strings.Cut(option, "=")
		name = strings.ToLower(name)
		if strings.Contains(name, "password") || strings.Contains(name, "properties") {
			secret(value)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
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

var harmlessValue = pattern.Lazy(`^[A-Za-z0-9._$%,-]{0,64}$`)

// knownScheme reports whether the text is the scheme of some database, and
// therefore no part of a secret.
func knownScheme(s string) bool {
	switch strings.ToLower(s) {
	case schemeHosts, schemeDNS, "mongo", "sqlite", "sqlite3", "file",
		"postgres", "postgresql", "mysql", "redis", "rediss", "etcd", "http", "https":
		return true
	}
	return false
}
