package mongoconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"github.com/understudy-go/understudy/internal/pattern"
)

// DefaultTimeout bounds calls whose context has no deadline.
const DefaultTimeout = 10 * time.Second

const (
	// connectTimeout is when a server that does not answer is tried again. With the
	// driver's 30 seconds a short outage would cost that long.
	connectTimeout = 2 * time.Second
	// minPool is enough for a heartbeat, a view, a sweep and a watch at a time.
	minPool = 4
	// appName is what the server's log and its list of connections call us, unless the
	// URI has an appName.
	appName = "understudy"
)

// ErrURI says that the URI itself is wrong.
var ErrURI = errors.New("mongodb: no valid URI")

// configure makes the driver's options.
func (c *Conn) configure(ctx context.Context, uri string) error {
	if !c.uri.Known() {
		return fmt.Errorf("open %s: %w: want one that begins with mongodb:// or mongodb+srv://", c.Place(), ErrURI)
	}
	parsed := make(chan *options.ClientOptions, 1)
	go func() { parsed <- options.Client().ApplyURI(uri) }()
	select {
	case c.options = <-parsed:
	case <-ctx.Done():
		return fmt.Errorf("open %s: looking it up in the DNS: %w: %w", c.Place(), ErrUnreachable, ctx.Err())
	}
	journaled := writeconcern.Majority()
	journaled.Journal = new(true)
	c.options.
		SetWriteConcern(journaled).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetRetryWrites(false).
		SetRetryReads(false). // the driver would repeat them until the deadline, and hide the reason
		SetMaxAdaptiveRetries(0).
		SetConnectTimeout(connectTimeout).
		SetServerSelectionTimeout(connectTimeout).
		SetTimeout(DefaultTimeout).
		SetServerMonitor(&event.ServerMonitor{
			ServerHeartbeatFailed: func(e *event.ServerHeartbeatFailedEvent) {
				address, _, _ := strings.Cut(e.ConnectionID, "[-")
				c.failure.Store(&failure{address, e.Failure})
			},
			ServerHeartbeatSucceeded:   func(e *event.ServerHeartbeatSucceededEvent) { c.server.Store(&e.Reply) },
			TopologyDescriptionChanged: c.primaryChanged(),
		})
	if c.options.AppName == nil {
		c.options.SetAppName(appName)
	}
	return c.validate()
}

// validate refuses what the driver refuses, and what no registry works with.
func (c *Conn) validate() error {
	if c.options.LoadBalanced != nil && *c.options.LoadBalanced {
		return c.invalid(errors.New("loadBalanced=true is not supported: name the servers themselves"))
	}
	if err := c.options.Validate(); err != nil {
		return c.invalid(err)
	}
	if size := c.options.MaxPoolSize; size != nil && *size != 0 && *size < minPool {
		return fmt.Errorf("open %s: %w: maxPoolSize is %d, want %d or more, or none: a beat must not wait for another call",
			c.Place(), ErrURI, *size, minPool)
	}
	return nil
}

// invalid returns the error of a URI that the driver does not accept. The driver
// quotes the URI, so its error is not wrapped, and its text has the secrets taken out.
func (c *Conn) invalid(err error) error {
	text := c.uri.Hide(err.Error())
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Errorf("open %s: %w: %s", c.Place(), ErrUnreachable, text)
	}
	return fmt.Errorf("open %s: %w: %s: correct the URI", c.Place(), ErrURI, text)
}

// optionName matches a name that surely is no secret.
var optionName = pattern.Lazy(`^[A-Za-z]{1,40}$`)

// UnknownOptions returns the names of the URI's options that the driver ignores.
// What may be a part of a secret is not among them.
func (c *Conn) UnknownOptions() (names []string) {
	for _, pair := range c.uri.Options {
		name, _, _ := strings.Cut(pair, "=")
		parsed, err := connstring.Parse("mongodb://host/?" + pair)
		if err == nil && len(parsed.UnknownOptions) > 0 && optionName().MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}
