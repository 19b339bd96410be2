package mongodb_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// refused opens a registry that must not open, and returns the error. The error must
// come in time, name the place, and show no secret.
func refused(t *testing.T, uri, place string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var r *mongodb.Registry
	var err error
	for range 5 { // on a busy machine an attempt may end before the server has said anything
		r, err = mongodb.Open(ctx, uri, mongodb.Options{})
		if !errors.Is(err, mongodb.ErrUnreachable) || !strings.Contains(err.Error(), "Type: Unknown }") {
			break
		}
		t.Logf("no answer came: %v", err)
	}
	if err == nil {
		_ = r.Close(ctx)
		t.Fatalf("Open(%q): no error, want one", uri)
	}
	if ctx.Err() != nil {
		t.Errorf("Open(%q) lasted until its context ended", uri)
	}
	if !strings.Contains(err.Error(), place) {
		t.Errorf("the error does not name %s: %v", place, err)
	}
	for _, secret := range []string{"hunter2", "hunter%32", "hun@ter", mongotest.Password} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the secret %q: %v", secret, err)
		}
	}
	return err
}

func TestOpen_SaysWhatIsWrongWithTheURI(t *testing.T) {
	for _, tt := range []struct{ uri, place, want string }{
		{"", "", "mongodb://"},
		{"localhost", "localhost", "mongodb://"},
		{"http://user:hunter2@localhost/x", "http://user:xxxxx@localhost/x", "mongodb://"},
		{"user:hunter2@localhost", "user:xxxxx@localhost", "mongodb://"},
		{"mongodb://", "mongodb://", "correct the URI"},
		{"mongodb://user:hun@ter2@localhost/", "mongodb://xxxxx@localhost", "correct the URI"},
		{"mongodb://user:hunter2/hun@ter@localhost/", "mongodb://xxxxx@localhost", "correct the URI"},
		{"mongodb://user:hun@hunter2:x/ter@localhost/", "mongodb://xxxxx@localhost", "correct the URI"}, // the driver takes hunter2 for a host
		{"mongodb://user:hunter2:more@localhost/", "mongodb://xxxxx@localhost", "correct the URI"},
		{"mongodb://hunter2@localhost:notaport/", "mongodb://xxxxx@localhost", "correct the URI"}, // it may be a password without a user
		{"mongodb://user:hunter2%zz@localhost/", "mongodb://user:xxxxx@localhost", "correct the URI"},
		{"mongodb://user:hunter2@localhost:notaport/", "localhost:notaport", "correct the URI"},
		{"mongodb://localhost/?authMechanism=NOPE&authMechanismProperties=AWS_SESSION_TOKEN:hunter2", "localhost", "correct the URI"},
		{"mongodb://localhost/?tls=true&tlsCertificateKeyFile=/nonexistent.pem&tlsCertificateKeyFilePassword=hunter2", "localhost", "nonexistent.pem"},
		{"mongodb://localhost/?tls=true&tlsCAFile=/nonexistent.pem", "localhost", "nonexistent.pem"},
		{"mongodb://user:hunter2@localhost/?w=nonsense&readConcernLevel=&connectTimeoutMS=soon", "localhost", "correct the URI"},
		{"mongodb://localhost/?connect=direct&replicaSet=a&directConnection=false", "localhost", "correct the URI"},
	} {
		err := refused(t, tt.uri, tt.place)
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Open(%q): %v, want %q in it", tt.uri, err, tt.want)
		}
		if errors.Is(err, mongodb.ErrUnreachable) {
			t.Errorf("Open(%q): %v is not worth another try", tt.uri, err)
		}
		if !errors.Is(err, mongodb.ErrURI) {
			t.Errorf("Open(%q): %v, want ErrURI", tt.uri, err)
		}
	}
}

func TestOpen_RefusesLoadBalanced(t *testing.T) {
	const uri = "mongodb://me:hunter2@127.0.0.1:9/?loadBalanced=true"
	if err := refused(t, uri, "127.0.0.1"); !errors.Is(err, mongodb.ErrURI) || !strings.Contains(err.Error(), "loadBalanced") {
		t.Errorf("Open: %v, want ErrURI", err)
	}
	if f := checked(t, uri)["reachable"]; f.Mark != fault || !errors.Is(f.Err, mongodb.ErrURI) {
		t.Errorf("check: %+v, want ErrURI", f)
	}
}

func TestOpen_UnreachableServerIsErrUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // it accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	closed := c.LocalAddr().String() // nobody can listen there while the connection is open
	for _, tt := range []struct{ name, uri, place, want string }{
		{"refused", "mongodb://me:hunter2@" + closed + "/", "mongodb://me:xxxxx@" + closed, "connection refused"},
		{"password that ends early", "mongodb://me:hun@hunter2.invalid/x?y=1@localhost/", "mongodb://xxxxx@localhost", "%40"},
		{"odd password", "mongodb://me:hunter2?x=@" + closed + "/", "mongodb://me:xxxxx@" + closed, "connection refused"},
		{"silent", "mongodb://me:hunter2@" + l.Addr().String() + "/?connectTimeoutMS=60000&serverSelectionTimeoutMS=60000", l.Addr().String(), "that this machine can reach it"},
		{"no such host", "mongodb://host.invalid/", "host.invalid", "host.invalid"},
		{"no such service", "mongodb+srv://me:hunter2@cluster.host.invalid/", "cluster.host.invalid", "host.invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := refused(t, tt.uri, tt.place)
			if !strings.Contains(err.Error(), tt.want) || !errors.Is(err, mongodb.ErrUnreachable) {
				t.Errorf("%v, want ErrUnreachable and %q", err, tt.want)
			}
		})
	}
}

func TestOpen_EndsWithItsContext(t *testing.T) {
	for _, uri := range []string{"mongodb://192.0.2.1/", "mongodb+srv://cluster.host.invalid/"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := mongodb.Open(ctx, uri, mongodb.Options{}); err == nil {
			t.Errorf("Open(%q): no error", uri)
		}
	}
}

// internal/mongoconn tests which database a URI names.
func TestOpen_UsesTheDatabaseOfTheOptionsBeforeThatOfTheURI(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r, err := mongodb.Open(t.Context(), uri, mongodb.Options{Database: databaseOf(uri) + "_other"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	register(t, r, "g")
	other := db(t, uri, databaseOf(uri)+"_other")
	if n, err := other.Collection("instances").CountDocuments(t.Context(), map[string]any{}); n != 1 || err != nil {
		t.Errorf("%d instances, %v", n, err)
	}
	if err := other.Drop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpen_NamesAView(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	if err := db(t, uri, "").CreateView(t.Context(), "instances", "else", mongo.Pipeline{}); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, uri, "127.0.0.1"); !strings.Contains(err.Error(), "is a view") {
		t.Errorf("%v, want that it is a view", err)
	}
}
