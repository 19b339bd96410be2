package mongodb_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// refused opens a registry that must not open, and returns the error, which
// must come in time, name the place, and keep the secrets.
func refused(t *testing.T, uri, place string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := mongodb.Open(ctx, uri, mongodb.Options{})
	if err == nil {
		_ = r.Close(ctx)
		t.Fatalf("Open(%q): no error", uri)
	}
	if ctx.Err() != nil {
		t.Errorf("Open(%q) took all of its context", uri)
	}
	if !strings.Contains(err.Error(), place) {
		t.Errorf("the error does not name %s: %v", place, err)
	}
	for _, secret := range []string{"hunter2", "hunter%32", "hun@ter", mongotest.Password} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error gives %q away: %v", secret, err)
		}
	}
	return err
}

func TestOpenSaysWhatIsWrongWithTheURI(t *testing.T) {
	for _, tt := range []struct{ uri, place, want string }{
		{"", "", "mongodb://"},
		{"localhost", "localhost", "mongodb://"},
		{"http://user:hunter2@localhost/x", "http://user:xxxxx@localhost/x", "mongodb://"},
		{"user:hunter2@localhost", "user:xxxxx@localhost", "mongodb://"},
		{"mongodb://", "mongodb://", "correct the URI"},
		{"mongodb://user:hun@ter2@localhost/", "mongodb://xxxxx@localhost", "correct the URI"},
		{"mongodb://user:hunter2/hun@ter@localhost/", "mongodb://xxxxx@localhost", "correct the URI"},
		{"mongodb://user:hun@hunter2:x/ter@localhost/", "mongodb://xxxxx@localhost", "correct the URI"}, // a driver quotes its host
		{"mongodb://user:hunter2:more@localhost/", "mongodb://xxxxx@localhost", "correct the URI"},
		{"mongodb://hunter2@localhost:notaport/", "mongodb://xxxxx@localhost", "correct the URI"}, // a password on its own?
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

func TestOpenOfAnUnreachableServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	deaf := c.LocalAddr().String() // nobody can listen there as long as it is in use
	for _, tt := range []struct{ name, uri, place, want string }{
		{"refused", "mongodb://me:hunter2@" + deaf + "/", "mongodb://me:xxxxx@" + deaf, "connection refused"},
		{"password that ends early", "mongodb://me:hun@hunter2.invalid/x?y=1@localhost/", "mongodb://xxxxx@localhost", "%40"},
		{"odd password", "mongodb://me:hunter2?x=@" + deaf + "/", "mongodb://me:xxxxx@" + deaf, "connection refused"},
		{"silent", "mongodb://me:hunter2@" + l.Addr().String() + "/?connectTimeoutMS=60000&serverSelectionTimeoutMS=60000", l.Addr().String(), "reached"},
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

func TestOpenEndsWithItsContext(t *testing.T) {
	for _, uri := range []string{"mongodb://192.0.2.1/", "mongodb+srv://cluster.host.invalid/"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := mongodb.Open(ctx, uri, mongodb.Options{}); err == nil {
			t.Errorf("Open(%q): no error", uri)
		}
	}
}

func TestOpenWithCredentials(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.Auth)
	right := set.URI()
	r := open(t, right)
	register(t, r, "g")

	set.Admin(t, "createUser", "reader", "pwd", "hunter2", "roles", []map[string]string{{"role": "read", "db": "understudy"}})
	set.Admin(t, "createUser", "narrow", "pwd", "hunter2", "roles", []map[string]string{{"role": "readWrite", "db": "elsewhere"}})
	set.Admin(t, "createRole", "minimal", "privileges", []any{map[string]any{
		"resource": map[string]string{"db": "understudy", "collection": ""},
		"actions":  []string{"find", "insert", "update", "remove"},
	}}, "roles", []any{})
	set.Admin(t, "createRole", "updater", "privileges", []any{map[string]any{
		"resource": map[string]string{"db": "understudy", "collection": ""}, "actions": []string{"find", "update"},
	}}, "roles", []any{})
	set.Admin(t, "createUser", "updater", "pwd", "hunter2", "roles", []string{"updater"})
	set.Admin(t, "createUser", "nothing", "pwd", "hunter2", "roles", []string{})
	set.Admin(t, "createUser", "minimal", "pwd", "hunter2", "roles", []string{"minimal"})

	as := func(user, password string) string {
		_, rest, _ := strings.Cut(right, "@")
		return "mongodb://" + user + ":" + password + "@" + rest
	}
	for _, tt := range []struct{ name, uri, want string }{
		{"wrong password", as("reader", "hunter%32x"), "wrong user name or password"},
		{"unknown user", as("nobody", "hunter2"), "wrong user name or password"},
		{"wrong database", strings.Replace(as("reader", "hunter2"), "authSource=admin", "authSource=other", 1), `the database "other"`},
		{"none", "mongodb://" + set.Host(0) + "/?directConnection=true", "wants a user name and a password"},
		{"reader", as("reader", "hunter2"), "readWrite"},
		{"of another database", as("narrow", "hunter2"), "readWrite"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, tt.uri, set.Host(0))
			if !strings.Contains(err.Error(), tt.want) || errors.Is(err, mongodb.ErrUnreachable) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}

	t.Run("a reader who only reads", func(t *testing.T) {
		begin(t, r, "read", 1, register(t, r, "read").ID)
		reader, err := mongodb.Open(t.Context(), as("reader", "hunter2"), mongodb.Options{Access: registry.Look})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close(context.Background())
		if v, err := reader.View(t.Context(), "read"); err != nil || v.Number() != 1 || v.Holder == nil {
			t.Errorf("View: %+v, %v", v, err)
		}
		if _, err := reader.Info(t.Context()); err != nil {
			t.Errorf("Info: %v", err)
		}
		if _, err := reader.Groups(t.Context()); err != nil {
			t.Errorf("Groups: %v", err)
		}
		_, err = mongodb.Open(t.Context(), as("reader", "hunter2"), mongodb.Options{Access: registry.Ask})
		if err == nil || !strings.Contains(err.Error(), "grant it the role readWrite there") || !strings.HasSuffix(err.Error(), "not authorized on understudy") {
			t.Errorf("Open to ask: %v, want advice and a short refusal", err)
		}
		_, err = mongodb.Open(t.Context(), as("narrow", "hunter2"), mongodb.Options{Access: registry.Look})
		if err == nil || !strings.Contains(err.Error(), "grant it the role read there") {
			t.Errorf("Open of another database: %v", err)
		}
	})

	t.Run("check", func(t *testing.T) {
		for _, tt := range []struct {
			name, uri string
			want      map[string]finding.Mark
		}{
			{"root", right, map[string]finding.Mark{"authenticated": fine, "rights": fine, "watch": fine}},
			{"wrong password", as("reader", "hunter%32x"), map[string]finding.Mark{"reachable": fine, "authenticated": fault}},
			{"no user", "mongodb://" + set.Host(0) + "/?directConnection=true", map[string]finding.Mark{"reachable": fine, "authenticated": fault}},
			{"reader", as("reader", "hunter2"), map[string]finding.Mark{"authenticated": fine, "writable": fault, "rights": fault, "schema": fine}},
			{"of another database", as("narrow", "hunter2"), map[string]finding.Mark{"authenticated": fine, "writable": fault, "rights": fault, "schema": fault}},
			{"minimal", as("minimal", "hunter2"), map[string]finding.Mark{"rights": fine, "majority": fine, "index": warning, "watch": warning}},
			{"nobody", as("nothing", "hunter2"), map[string]finding.Mark{"authenticated": fine, "writable": fault, "rights": fault, "schema": fault, "index": warning, "watch": warning}},
			{"one who may not insert", as("updater", "hunter2"), map[string]finding.Mark{"writable": fine, "rights": fault, "index": warning, "watch": warning}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				found := checked(t, tt.uri)
				wantMarks(t, found, tt.want)
				if tt.name == "one who may not insert" && !strings.Contains(found["rights"].Detail, "lacks: insert, remove in instances; insert in terms") {
					t.Errorf("rights: %s", found["rights"].Detail)
				}
			})
		}
	})

	t.Run("one who may not make an index or watch", func(t *testing.T) {
		r := open(t, as("minimal", "hunter2"))
		in := register(t, r, "minimal")
		begin(t, r, "minimal", 1, in.ID)
		if _, err := r.Watch(t.Context(), "minimal"); err == nil || !strings.Contains(err.Error(), "cannot watch") {
			t.Errorf("Watch: %v, want ErrNoWatch", err)
		}
	})
}

func TestOpenWithTLS(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.TLS)
	register(t, open(t, set.URI()), "g")
	base := "mongodb://" + set.Host(0) + "/?directConnection=true"
	for _, tt := range []struct{ name, uri, want string }{
		{"unknown authority", base + "&tls=true", "tlsCAFile"},
		{"no TLS", base, "tls=true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, tt.uri, set.Host(0))
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	t.Run("check", func(t *testing.T) {
		wantMarks(t, checked(t, set.URI()), nil)
		f := checked(t, base+"&tls=true")["reachable"]
		if f.Mark != fault || !strings.Contains(f.Detail, "tlsCAFile") {
			t.Errorf("an unknown authority: %+v", f)
		}
	})
	t.Run("TLS to a server without", func(t *testing.T) {
		uri, _, _ := strings.Cut(mongotest.Shared(t), "?")
		err := refused(t, uri+"?directConnection=true&tls=true", "127.0.0.1")
		if !strings.Contains(err.Error(), "remove tls=true") {
			t.Errorf("%v, want that it does not speak TLS", err)
		}
	})
}

// The table of the names that URIs have is in internal/mongoconn.
func TestOpen_UsesTheDatabaseOfTheOptionsBeforeThatOfTheURI(t *testing.T) {
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
