package mongoconn

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Explain says why a connection could not be opened or used, and what to do about
// it. Its text has no credentials in it.
func (c *Conn) Explain(ctx context.Context, err error) error {
	open := "open " + c.Place()
	err = Terse(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return Wrap(ctx, open, err)
	case Unauthenticated(err):
		return fmt.Errorf("%s: %s: %w", open, c.authenticationCure(), err)
	case Unauthorized(err) && !c.Authenticates():
		return fmt.Errorf("%s: the server wants a user name and a password: put them into the URI: %w", open, err)
	case HasCode(err, codeNotPrimary) && c.Direct():
		return fmt.Errorf("%s: %w: this server is not the primary, and directConnection=true forbids to look for it: "+
			"remove it from the URI, and name all members: %w", open, ErrUnreachable, err)
	case HasCode(err, changingState...):
		return fmt.Errorf("%s: %w: the replica set is changing its primary: %w", open, ErrUnreachable, err)
	case mongo.IsTimeout(err), mongo.IsNetworkError(err):
		return c.unreachable(err)
	}
	return fmt.Errorf("%s: %w", open, err)
}

// authenticationCure says what to do about a server that does not know the user.
func (c *Conn) authenticationCure() string {
	auth := c.options.Auth
	if auth != nil && auth.AuthMechanism == "MONGODB-X509" {
		return `no user in the database "$external" has the name of this certificate's subject: create it there, or name another certificate by tlsCertificateKeyFile`
	}
	source := "admin"
	if auth != nil && auth.AuthSource != "" {
		source = auth.AuthSource
	}
	return fmt.Sprintf("wrong user name or password, or no such user in the database %q: correct them, or write authSource=DATABASE into the URI", source)
}
