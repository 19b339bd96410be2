package mongodb_test

import (
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
)

func TestOpen_SaysWhatIsWrongWithTLS(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.TLS)
	register(t, open(t, set.URI()), "g")
	base := "mongodb://" + set.Host(0) + "/?directConnection=true"
	for _, tt := range []struct{ name, uri, want string }{
		{"unknown authority", base + "&tls=true", "tlsCAFile"},
		{"no TLS", base, "tls=true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := refused(t, tt.uri, set.Host(0))
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	t.Run("check", func(t *testing.T) {
		t.Parallel()
		wantMarks(t, checked(t, set.URI()), nil)
		f := checked(t, base+"&tls=true")["reachable"]
		if f.Mark != fault || !strings.Contains(f.Detail, "tlsCAFile") {
			t.Errorf("a certificate of an unknown authority: %+v, want an error that names tlsCAFile", f)
		}
	})
	t.Run("TLS to a server without", func(t *testing.T) {
		t.Parallel()
		uri, _, _ := strings.Cut(mongotest.Shared(t), "?")
		err := refused(t, uri+"?directConnection=true&tls=true", "127.0.0.1")
		if !strings.Contains(err.Error(), "remove tls=true") {
			t.Errorf("%v, want that it does not speak TLS", err)
		}
	})
}

func TestOpen_AsksForAClientCertificate(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.TLS, mongotest.ClientCerts, mongotest.Auth)
	register(t, open(t, set.URI()), "g")
	base := "mongodb://" + set.Host(0) + "/?directConnection=true&tls=true&tlsCAFile=" + set.CAFile
	stranger := base + "&authMechanism=MONGODB-X509&tlsCertificateKeyFile=" + set.CertFile
	for _, tt := range []struct {
		name, uri, finding string
		says               []string
	}{
		{"none", base, "reachable", []string{"it speaks TLS and", "tlsCertificateKeyFile"}},
		{"of nobody known", stranger, "authenticated", []string{`"$external"`, "CN=127.0.0.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := checked(t, tt.uri)
			err := refused(t, tt.uri, set.Host(0))
			for _, text := range tt.says {
				if f := found[tt.finding]; f.Mark != fault || !strings.Contains(f.Detail, text) {
					t.Errorf("%s: %s %s, want %q", f.Name, f.Mark, f.Detail, text)
				}
				if !strings.Contains(err.Error(), text) {
					t.Errorf("Open: %v, want %q", err, text)
				}
			}
			if strings.Contains(err.Error(), "does it speak TLS") {
				t.Errorf("Open asks: %v", err)
			}
		})
	}
	if f := checked(t, stranger)["reachable"]; f.Mark != fine {
		t.Errorf("a server that refuses the user: %+v, want that it is reachable", f)
	}
}
