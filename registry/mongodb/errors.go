package mongodb

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/registry"
)

var (
	// ErrUnreachable says that no server that accepts writes answered in time, so
	// that another try makes sense. Any other error of Open stays until somebody
	// corrects something.
	ErrUnreachable = mongoconn.ErrUnreachable
	// ErrURI says that the URI itself is wrong.
	ErrURI = mongoconn.ErrURI
)

// Denied reports whether a server answered that it does not accept this connection
// as the user that the URI names, or that this user must not do what was asked.
func Denied(err error) bool { return mongoconn.Denied(err) }

// wrap adds to an error what failed; it returns nil for nil.
func wrap(ctx context.Context, what string, err error) error { return mongoconn.Wrap(ctx, what, err) }

// refused makes an [registry.ErrRefused] of an error of a call on a collection, if
// the server refused the call. It returns any other error as it is.
func (r *Registry) refused(c *mongo.Collection, err error) error {
	why := r.conn.Refusal(c, err)
	if why == "" {
		return err
	}
	return refusal{fmt.Sprintf("%v: %s", registry.ErrRefused, why), err}
}

// refusal is an ErrRefused whose text is shorter than the server's.
type refusal struct {
	text string
	err  error
}

func (e refusal) Error() string   { return e.text }
func (e refusal) Unwrap() []error { return []error{registry.ErrRefused, e.err} }
