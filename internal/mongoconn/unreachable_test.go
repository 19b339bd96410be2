package mongoconn

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// unreachable returns the text about a connection that failed with err.
func unreachable(err error, o *options.ClientOptions) string {
	c := &Conn{uri: mongouri.Parse("mongodb://a.invalid/"), options: o}
	c.failure.Store(&failure{"a.invalid:27017", err})
	return c.unreachable(err).Error()
}

func TestExplain_BlamesTheLimitOfOpenFiles(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE} {
		err := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", errno)}
		if text := unreachable(err, options.Client()); !strings.Contains(text, "ulimit -n") || strings.Contains(text, "check that the server runs") {
			t.Errorf("%v: %s", errno, text)
		}
	}
}

func TestExplain_NamesWhatARefusalOfTLSIsAbout(t *testing.T) {
	with := func(certificates ...tls.Certificate) *options.ClientOptions {
		return options.Client().SetTLSConfig(&tls.Config{Certificates: certificates})
	}
	for _, tt := range []struct {
		alert string
		o     *options.ClientOptions
		says  string
	}{
		{"tls: certificate required", with(), "it wants a client's certificate"},
		{"tls: bad certificate", with(tls.Certificate{}), "it refused the client's certificate"},
		{"tls: internal error", with(), "access list"}, // as Atlas says it
	} {
		err := &net.OpError{Op: "remote error", Err: errors.New(tt.alert)}
		if text := unreachable(err, tt.o); !strings.Contains(text, tt.says) {
			t.Errorf("%s: %s, want %q", tt.alert, text, tt.says)
		}
	}
}
