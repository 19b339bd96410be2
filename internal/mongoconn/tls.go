package mongoconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// certificateCure says what to do about an error of TLS itself; empty if the error
// is another. It is permanent if another try makes no sense. The configuration is
// nil if the URI asks for no TLS.
func certificateCure(err error, config *tls.Config) (cure string, permanent bool) {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		noTLS     tls.RecordHeaderError
		refusal   = alert(err)
	)
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by an authority unknown here: name it by tlsCAFile=FILE in the URI", true
	case errors.As(err, &host), errors.As(err, &invalid):
		return "its certificate is for another host, or it is not valid now: use the host name that it is for, or renew it", true
	case errors.As(err, &noTLS):
		return "it does not speak TLS: remove tls=true from the URI", true
	case config == nil || refusal == "":
		return "", false
	case !strings.Contains(refusal, "certificate"):
		return "it aborted the TLS handshake: check that this machine may connect (on Atlas: that its address is on the project's access list); else " + startServer, false
	case config.Certificates == nil:
		return "it wants a client's certificate: name one by tlsCertificateKeyFile=FILE in the URI", true
	}
	return "it refused the client's certificate: name one by tlsCertificateKeyFile=FILE that its authority has signed", true
}

// silenceCure says what to do about a server to which there was a connection, but
// which did not answer as a MongoDB should.
func silenceCure(err error, config *tls.Config) string {
	switch {
	case config == nil:
		return "does it want TLS? If so, add tls=true to the URI; else " + startServer
	case !handshaken(err):
		return "does it speak TLS? If not, remove tls=true from the URI; else " + startServer
	}
	did := "has not answered yet"
	if closed(err) {
		did = "closed the connection"
	}
	if config.Certificates == nil {
		return "it speaks TLS and " + did + ": does it want a client's certificate (tlsCertificateKeyFile=FILE in the URI)? Else " + startServer
	}
	return "it speaks TLS and " + did + ": does it accept this client's certificate? Else " + startServer
}

// alert returns how the server refused a handshake; empty if it did not.
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

// closed reports whether the server closed the connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
