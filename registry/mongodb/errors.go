package mongodb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/registry"
)

// ErrUnreachable says that no server that takes writes answered in time, so
// that another try makes sense. Any other error of Open stays until somebody
// corrects something.
var ErrUnreachable = errors.New("mongodb: unreachable")

// ErrURI says that the URI itself is wrong.
var ErrURI = errors.New("mongodb: no valid URI")

// Codes of the server's errors.
const (
	codeNotPrimary           = 10107
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
	codeAtlas                = 8000
)

// changingState are the codes of a server that ceases to be the primary.
// Source: "not writable primary" and "node is recovering" errors, in the
// Server Discovery and Monitoring specification.
var changingState = []int{codeNotPrimary, 13435, 13436, 189, 91, 11600, 11602}

// hasCode reports whether the server said one of these codes.
func hasCode(err error, codes ...int) bool {
	var server mongo.ServerError
	if !errors.As(err, &server) {
		return false
	}
	for _, code := range codes {
		if server.HasErrorCode(code) {
			return true
		}
	}
	return false
}

// wrap says what failed. The driver hides some ends of a context behind errors
// of its own.
func wrap(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	err = terse(err)
	switch cause := ctx.Err(); {
	case cause != nil && !errors.Is(err, cause):
		return fmt.Errorf("%s: %w: %w", what, cause, err)
	case mongo.IsTimeout(err) && !errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w: %w", what, context.DeadlineExceeded, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// terse cuts from the server's refusal the whole command that it quotes.
func terse(err error) error {
	text, _, long := strings.Cut(err.Error(), " to execute command")
	if !long {
		return err
	}
	return terseError{text, err}
}

type terseError struct {
	text string
	error
}

func (e terseError) Error() string { return e.text }
func (e terseError) Unwrap() error { return e.error }

// explain says why a registry could not be opened, and what to do.
func (t *target) explain(ctx context.Context, err error) error {
	open := "open " + t.name
	err = terse(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return wrap(ctx, open, err)
	case hasCode(err, codeAuthenticationFailed, codeAtlas):
		source := "admin"
		if t.options.Auth != nil && t.options.Auth.AuthSource != "" {
			source = t.options.Auth.AuthSource
		}
		return fmt.Errorf("%s: wrong user name or password, or no such user in the database %q: correct them, or say authSource=DATABASE in the URI: %w",
			open, source, err)
	case hasCode(err, codeUnauthorized) && t.options.Auth == nil:
		return fmt.Errorf("%s: the server wants a user name and a password: put them into the URI: %w", open, err)
	case hasCode(err, codeUnauthorized) && t.access == registry.Look:
		return fmt.Errorf("%s: this user must not read the database %q: grant it the role read there: %w", open, t.database, err)
	case hasCode(err, codeUnauthorized):
		return fmt.Errorf("%s: this user must not write to the database %q: grant it the role readWrite there: %w", open, t.database, err)
	case hasCode(err, codeNotPrimary) && t.direct():
		return fmt.Errorf("%s: %w: this server is not the primary, and directConnection=true keeps from looking for it: "+
			"remove it from the URI, and name all members: %w", open, ErrUnreachable, err)
	case hasCode(err, changingState...):
		return fmt.Errorf("%s: %w: the replica set is changing its primary: %w", open, ErrUnreachable, err)
	case mongo.IsTimeout(err), mongo.IsNetworkError(err):
		return t.unreachable(open, err)
	}
	return fmt.Errorf("%s: %w", open, err)
}

// unreachable prefers what the connection said over the driver's summary.
func (t *target) unreachable(open string, err error) error {
	why := err
	if failure := t.failure.Load(); failure != nil {
		why = *failure
	}
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		noTLS     tls.RecordHeaderError
		peerAlert tls.AlertError
		cure      = "see that the server runs there, that it may be reached from here, and that a majority of its replica set is up"
		usesTLS   = t.options.TLSConfig != nil
		permanent = true
	)
	switch {
	case errors.As(why, &authority):
		cure = "its certificate is signed by an authority unknown here: name it by tlsCAFile=FILE in the URI"
	case errors.As(why, &host), errors.As(why, &invalid):
		cure = "its certificate does not fit: use the host's name that it is for, or renew it"
	case errors.As(why, &noTLS):
		cure = "it does not speak TLS: remove tls=true from the URI"
	case errors.As(why, &peerAlert):
		cure = "it refused our side of TLS: does it want a client's certificate (tlsCertificateKeyFile=FILE in the URI)?"
	default:
		permanent = false
		switch reached := t.failure.Load() != nil && !dialing(why); {
		case reached && usesTLS:
			cure = "does it speak TLS? If not, remove tls=true from the URI; else " + cure
		case reached:
			cure = "does it want TLS? If so, add tls=true to the URI; else " + cure
		}
	}
	if wrong := t.wrongSet(); wrong != "" {
		why, cure, permanent = err, wrong, false
	}
	if t.unclear {
		why = errUnclear
	}
	if permanent {
		return fmt.Errorf("%s: TLS: %w: %s", open, why, cure)
	}
	return fmt.Errorf("%s: %w: %w: %s", open, ErrUnreachable, why, cure)
}

// wrongSet says what is wrong with the URI's replicaSet, if a server that
// answered is not of that set: the driver leaves such a one out without a word.
func (t *target) wrongSet() string {
	s := t.server.Load()
	if t.options.ReplicaSet == nil || s == nil || s.SetName == *t.options.ReplicaSet {
		return ""
	}
	option := "replicaSet=" + *t.options.ReplicaSet
	switch s.Kind {
	case "Standalone", "Mongos":
		return fmt.Sprintf("the server is no replica set: remove %s from the URI", option)
	}
	if s.SetName == "" {
		return ""
	}
	return fmt.Sprintf("the replica set's name is %s: correct %s in the URI", s.SetName, option)
}

// dialing reports whether not even a connection came about.
func dialing(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
