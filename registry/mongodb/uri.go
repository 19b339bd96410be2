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
)

const (
	// A server that does not answer for this long is tried anew: with the
	// driver's 30 s, a short outage costs that long.
	connectTimeout = 2 * time.Second
	// defaultTimeout bounds calls whose context has no deadline.
	defaultTimeout = 10 * time.Second
	openTimeout    = 10 * time.Second
	indexTimeout   = 2 * time.Second
	// maxPool is enough for a beat, a view, a sweep and a watch at a time.
	maxPool = 4
)

// target is where a URI leads.
type target struct {
	options  *options.ClientOptions
	name     string // the URI without credentials and options
	database string
	secrets  []string
	failure  atomic.Pointer[error] // why a server was last found unreachable
}

// parse reads a URI. That takes a DNS server for mongodb+srv, and no longer than
// the context allows.
func parse(ctx context.Context, uri string) (*target, error) {
	t := dissect(uri)
	scheme, _, found := strings.Cut(uri, "://")
	if !found || scheme != "mongodb" && scheme != "mongodb+srv" {
		return nil, fmt.Errorf("open %s: want a URI that begins with mongodb:// or mongodb+srv://", t.name)
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
		SetMaxAdaptiveRetries(0).
		SetConnectTimeout(connectTimeout).
		SetServerSelectionTimeout(connectTimeout).
		SetTimeout(defaultTimeout).
		SetMaxPoolSize(maxPool).
		SetMinPoolSize(0).
		SetServerMonitor(&event.ServerMonitor{
			ServerHeartbeatFailed: func(e *event.ServerHeartbeatFailedEvent) { t.failure.Store(&e.Failure) },
		})
	if t.options.AppName == nil {
		t.options.SetAppName("understudy")
	}
	if err := t.options.Validate(); err != nil {
		return nil, t.invalid(err)
	}
	return t, nil
}

// dissect takes a URI apart, however wrong it is, into what may be shown, the
// database, and what must not be shown.
func dissect(uri string) *target {
	t := &target{database: DefaultDatabase}
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		scheme, rest = "", uri
	}
	// A password that should have been escaped may hold any character.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user := rest[:at]
		t.secret(user)
		_, password, _ := strings.Cut(user, ":")
		t.secret(password)
		rest = rest[at+1:]
		t.name = "***@"
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
	if _, path, _ := strings.Cut(place, "/"); path != "" {
		if name, err := url.PathUnescape(path); err == nil {
			t.database = name
		}
	}
	return t
}

func (t *target) secret(text string) {
	if text == "" {
		return
	}
	t.secrets = append(t.secrets, text, "***")
	if plain, err := url.PathUnescape(text); err == nil && plain != text {
		t.secrets = append(t.secrets, plain, "***")
	}
}

// invalid is an error of the URI itself. The driver quotes it, so its text is
// kept without the secrets, and the error is not wrapped.
func (t *target) invalid(err error) error {
	text := strings.NewReplacer(t.secrets...).Replace(err.Error())
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Errorf("open %s: %w: %s", t.name, ErrUnreachable, text)
	}
	return fmt.Errorf("open %s: %s: correct the URI", t.name, text)
}
