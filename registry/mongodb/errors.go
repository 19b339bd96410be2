package mongodb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
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
	codeUserNotFound         = 11
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
	codeReauthenticate       = 391
	codeAtlas                = 8000
)

// unauthenticated are the codes of a server that does not take this for who it
// says it is.
var unauthenticated = []int{codeAuthenticationFailed, codeUserNotFound, codeReauthenticate, codeAtlas}

// Denied reports whether a server answered that it does not take this connection
// for the user that the URI names, or that this user must not do what was asked.
func Denied(err error) bool {
	return hasCode(err, unauthenticated...) || hasCode(err, codeUnauthorized)
}

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
	case hasCode(err, unauthenticated...):
		return fmt.Errorf("%s: %s: %w", open, t.stranger(), err)
	case hasCode(err, codeUnauthorized) && t.options.Auth == nil:
		return fmt.Errorf("%s: the server wants a user name and a password: put them into the URI: %w", open, err)
	case hasCode(err, codeUnauthorized) && t.access == registry.Look:
		return fmt.Errorf("%s: %s must not read the database %q: grant it the role read there: %w", open, t.user(), t.database, err)
	case hasCode(err, codeUnauthorized):
		return fmt.Errorf("%s: %s must not write to the database %q: grant it the role readWrite there: %w", open, t.user(), t.database, err)
	case hasCode(err, codeCommandNotSupportedOnView):
		return fmt.Errorf("%s: instances or terms is a view in the database %q: %s: %w", open, t.database, another, err)
	case hasCode(err, codeDocumentValidationFailure):
		return fmt.Errorf("%s: a validator in the database %q refuses what Understudy writes: remove it by the command collMod, or %s: %w",
			open, t.database, another, err)
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

// stranger says what to do about a server that does not know this user.
func (t *target) stranger() string {
	auth := t.options.Auth
	if auth != nil && auth.AuthMechanism == "MONGODB-X509" {
		return `no user in the database "$external" has the name of this certificate's subject: create it there, or name another certificate by tlsCertificateKeyFile`
	}
	source := "admin"
	if auth != nil && auth.AuthSource != "" {
		source = auth.AuthSource
	}
	return fmt.Sprintf("wrong user name or password, or no such user in the database %q: correct them, or say authSource=DATABASE in the URI", source)
}

// failure is why a server was last found unreachable.
type failure struct {
	address string
	err     error
}

// unreachable prefers what the connection said over the driver's summary.
func (t *target) unreachable(open string, err error) error {
	cure, permanent, why := t.diagnose(err)
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

// diagnose says why no server was reached, and what to do about it. It is
// permanent if another try makes no sense.
func (t *target) diagnose(err error) (cure string, permanent bool, why error) {
	const start = "see that the server runs there, that it may be reached from here, and that a majority of its replica set is up"
	last := t.failure.Load()
	if last == nil {
		return start, false, err
	}
	why = last.err
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		noTLS     tls.RecordHeaderError
		usesTLS   = t.options.TLSConfig != nil
	)
	if limit := finding.OpenCure(why, ""); limit != "" {
		return limit, false, why
	}
	switch {
	case errors.As(why, &authority):
		return "its certificate is signed by an authority unknown here: name it by tlsCAFile=FILE in the URI", true, why
	case errors.As(why, &host), errors.As(why, &invalid):
		return "its certificate does not fit: use the host's name that it is for, or renew it", true, why
	case errors.As(why, &noTLS):
		return "it does not speak TLS: remove tls=true from the URI", true, why
	case usesTLS && alert(why) != "" && !strings.Contains(alert(why), "certificate"):
		return "it broke TLS off: see that this machine may connect (on Atlas: that its address is on the project's access list); else " + start, false, why
	case usesTLS && alert(why) != "":
		if t.options.TLSConfig.Certificates == nil {
			return "it wants a client's certificate: name one by tlsCertificateKeyFile=FILE in the URI", true, why
		}
		return "it refused the client's certificate: name one by tlsCertificateKeyFile=FILE that its authority has signed", true, why
	case t.inner(last.address):
		return fmt.Sprintf("the replica set itself calls a member %s, which is not to be reached by that name from here: "+
			"see that it is, or give the member a name that all machines know (rs.reconfig); for one server alone, add directConnection=true to the URI", last.address), false, why
	case dialing(why):
		return start, false, why
	case usesTLS && hungUp(why) && handshaken(why):
		if t.options.TLSConfig.Certificates == nil {
			return "it speaks TLS and hung up: does it want a client's certificate (tlsCertificateKeyFile=FILE in the URI)? Else " + start, false, why
		}
		return "it speaks TLS and hung up: does it take this client's certificate? Else " + start, false, why
	case usesTLS:
		return "does it speak TLS? If not, remove tls=true from the URI; else " + start, false, why
	}
	return "does it want TLS? If so, add tls=true to the URI; else " + start, false, why
}

// alert is how the server refused a handshake, or nothing.
func alert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}

// handshaken reports whether TLS was agreed on: a message was to be read.
func handshaken(err error) bool {
	var connection topology.ConnectionError
	return errors.As(err, &connection) && strings.Contains(connection.Error(), "message")
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// inner reports whether an address is one that only the replica set names, not
// the URI.
func (t *target) inner(address string) bool {
	s := t.server.Load()
	named := func(list []string) bool {
		return slices.ContainsFunc(list, func(host string) bool { return strings.EqualFold(withPort(host), address) })
	}
	return s != nil && named(append(append([]string{}, s.Hosts...), s.Passives...)) && !named(t.options.Hosts)
}

// withPort is the address of a host as the driver writes it.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "27017")
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
