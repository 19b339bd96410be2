package mongoconn

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// Conn is the driver's client of the servers of a URI, with what is known about the
// URI and the servers.
type Conn struct {
	*mongo.Client

	uri     *mongouri.URI
	options *options.ClientOptions
	failure atomic.Pointer[failure]                 // why a server was last found unreachable
	server  atomic.Pointer[event.ServerDescription] // what the server that answered last says of itself
	moved   atomic.Pointer[func()]                  // is called when another server is the primary; nil: nothing is
}

// Dial begins to connect, and returns before it is known whether that works. Only
// for a URI of the scheme mongodb+srv it waits, for the DNS and for no longer than
// ctx allows. Its errors are ErrURI or ErrUnreachable, without credentials.
func Dial(ctx context.Context, uri string) (*Conn, error) {
	c := &Conn{uri: mongouri.Parse(uri)}
	if err := c.configure(ctx, uri); err != nil {
		return nil, err
	}
	client, err := mongo.Connect(c.options)
	if err != nil {
		return nil, c.invalid(err)
	}
	c.Client = client
	return c, nil
}

// Abandon closes the connections without waiting for the servers.
func (c *Conn) Abandon() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.Disconnect(ctx)
}

// Place returns where the connection leads, for errors: the URI without
// credentials and options.
func (c *Conn) Place() string { return c.uri.Place() }

// DatabaseName returns the name of the database that the URI names, or else the
// default.
func (c *Conn) DatabaseName() string {
	if c.uri.Database == "" {
		return mongouri.DefaultDatabase
	}
	return c.uri.Database
}

// Direct reports whether only the server that the URI names is used, and no other
// member of its replica set.
func (c *Conn) Direct() bool { return c.options.Direct != nil && *c.options.Direct }

// OneHost reports whether the URI names a single member of a replica set, and no
// service of the DNS either.
func (c *Conn) OneHost() bool { return len(c.options.Hosts) == 1 && !c.uri.DNS() }

// Pool returns how many connections there may be to a server.
func (c *Conn) Pool() int {
	const usual, unlimited = 100, 0 // of the driver
	switch size := c.options.MaxPoolSize; {
	case size == nil:
		return usual
	case *size == unlimited || *size > math.MaxInt32:
		return math.MaxInt32
	default:
		return int(*size)
	}
}

// Authenticates reports whether the URI has credentials.
func (c *Conn) Authenticates() bool { return c.options.Auth != nil }

// User returns, for people, the user that the URI names; empty if it names none. A
// user without a password may be a password without a user, and is not shown.
func (c *Conn) User() string {
	switch auth := c.options.Auth; {
	case auth == nil:
		return ""
	case auth.Username == "" || !auth.PasswordSet || c.uri.Unclear():
		return "this user"
	default:
		return fmt.Sprintf("the user %.64q", auth.Username)
	}
}
