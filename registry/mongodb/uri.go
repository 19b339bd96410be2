package mongodb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/understudy-go/understudy/registry"
)

const (
	// A server that does not answer for this long is tried anew: with the
	// driver's 30 s, a short outage costs that long.
	connectTimeout = 2 * time.Second
	// defaultTimeout bounds calls whose context has no deadline.
	defaultTimeout = 10 * time.Second
	openTimeout    = 10 * time.Second
	indexTimeout   = 2 * time.Second
	// minPool is enough for a beat, a view, a sweep and a watch at a time.
	minPool = 4
)

// target is where a URI leads.
type target struct {
	options  *options.ClientOptions
	name     string // the URI without credentials and options
	database string
	access   registry.Access
	secrets  []string
	unclear  bool                                    // where the password ends
	failure  atomic.Pointer[failure]                 // why a server was last found unreachable
	server   atomic.Pointer[event.ServerDescription] // the one that answered last
}

// parse reads a URI. That takes a DNS server for mongodb+srv, and no longer than
// the context allows.
func parse(ctx context.Context, uri string) (*target, error) {
	t := dissect(uri)
	scheme, _, found := strings.Cut(uri, "://")
	if !found || scheme != "mongodb" && scheme != "mongodb+srv" {
		return nil, fmt.Errorf("open %s: %w: want one that begins with mongodb:// or mongodb+srv://", t.name, ErrURI)
	}
	parsed := make(chan *options.ClientOptions, 1)
	go func() { parsed <- options.Client().ApplyURI(uri) }()
	select {
	case t.options = <-parsed:
	case <-ctx.Done():
		return nil, fmt.Errorf("open %s: looking it up in the DNS: %w: %w", t.name, ErrUnreachable, ctx.Err())
	}
	journaled := writeconcern.Majority()
	journaled.Journal = new(true)
	t.options.
		SetWriteConcern(journaled).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetRetryWrites(false).
		SetRetryReads(false). // the driver's have no end but the deadline, and hide the reason
		SetMaxAdaptiveRetries(0).
		SetConnectTimeout(connectTimeout).
		SetServerSelectionTimeout(connectTimeout).
		SetTimeout(defaultTimeout).
		SetServerMonitor(&event.ServerMonitor{
			ServerHeartbeatFailed: func(e *event.ServerHeartbeatFailedEvent) {
				address, _, _ := strings.Cut(e.ConnectionID, "[-")
				t.failure.Store(&failure{address, e.Failure})
			},
			ServerHeartbeatSucceeded: func(e *event.ServerHeartbeatSucceededEvent) { t.server.Store(&e.Reply) },
		})
	if t.options.LoadBalanced != nil && *t.options.LoadBalanced {
		return nil, t.invalid(errors.New("loadBalanced=true is not supported: name the servers themselves"))
	}
	if t.options.AppName == nil {
		t.options.SetAppName("understudy")
	}
	if err := t.options.Validate(); err != nil {
		return nil, t.invalid(err)
	}
	if size := t.options.MaxPoolSize; size != nil && *size != 0 && *size < minPool {
		return nil, fmt.Errorf("open %s: %w: maxPoolSize is %d, want %d or more, or none: a beat must not wait for another call",
			t.name, ErrURI, *size, minPool)
	}
	return t, nil
}

// direct reports whether only the server that the URI names is talked to.
func (t *target) direct() bool { return t.options.Direct != nil && *t.options.Direct }

// user is whom the URI names, for people; empty: nobody. One without a password
// may be a password without a user, and is not shown.
func (t *target) user() string {
	switch auth := t.options.Auth; {
	case auth == nil:
		return ""
	case auth.Username == "" || !auth.PasswordSet || t.unclear:
		return "this user"
	default:
		return fmt.Sprintf("the user %.64q", auth.Username)
	}
}

// hidden stands for what must not be shown.
const hidden = "xxxxx"

// dissect takes a URI apart, however wrong it is, into what may be shown, the
// database, and what must not be shown.
func dissect(uri string) *target {
	t := &target{database: DefaultDatabase}
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		scheme, rest = "", uri
	}
	// To a driver the path begins at the first slash, and no @ after it matters.
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	if name, err := url.QueryUnescape(path); err == nil && name != "" {
		t.database = name
	}
	// For showing, the last @ counts: a password that should have been escaped
	// may hold any character.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		info := rest[:at]
		t.secret(info)
		user, password, _ := strings.Cut(info, ":")
		t.secret(password)
		t.unclear = strings.ContainsAny(user, "/?@") || strings.ContainsAny(password, "/@:")
		if password != "" && !t.unclear {
			t.name = user + ":"
		}
		t.name += hidden + "@"
		rest = rest[at+1:]
	}
	place, query, _ := strings.Cut(rest, "?")
	for _, pair := range strings.FieldsFunc(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToLower(name)
		if strings.Contains(name, "password") || strings.Contains(name, "properties") {
			t.secret(value)
		}
	}
	t.name += place
	if found {
		t.name = scheme + "://" + t.name
	}
	return t
}

func (t *target) secret(text string) {
	if text == "" {
		return
	}
	t.secrets = append(t.secrets, text, hidden)
	if plain, err := url.PathUnescape(text); err == nil && plain != text {
		t.secrets = append(t.secrets, plain, hidden)
	}
}

// errUnclear stands for errors that may quote a part of a password as a host.
var errUnclear = errors.New("(the reason is not shown, for the URI has a / : or @ that may belong to a password: " +
	"write %2F, %3A, %40 in the user, the password and the options)")

// invalid is an error of the URI itself. The driver quotes it, so its text is
// kept without the secrets, and the error is not wrapped.
func (t *target) invalid(err error) error {
	text := strings.NewReplacer(t.secrets...).Replace(err.Error())
	if t.unclear {
		text = errUnclear.Error()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Errorf("open %s: %w: %s", t.name, ErrUnreachable, text)
	}
	return fmt.Errorf("open %s: %w: %s: correct the URI", t.name, ErrURI, text)
}
