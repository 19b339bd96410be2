package mongoconn

import (
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"github.com/understudy-go/understudy/internal/mongouri"
)

func TestDatabaseName_IsTheURIsOrElseTheDefault(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://a":                                          "understudy",
		"mongodb://a/":                                         "understudy",
		"mongodb://a,b:1/?w=1":                                 "understudy",
		"mongodb://a:1,b:2/fleet?replicaSet=":                  "fleet",
		"mongodb://u:p%2F@a/my%2Ddb":                           "my-db",
		"mongodb://u:p@a/ops":                                  "ops",
		"mongodb://u:p@a/ops?appName=b@c":                      "ops",
		"mongodb://u:p@a/ops?authMechanismProperties=A:/b@c/d": "ops",
		"mongodb://a/ops?appName=b@c":                          "ops",
		"mongodb://a/ops?tlsCertificateKeyFile=/etc/me@a.pem":  "ops",
		"mongodb://u:p@a/?appName=b@c/d":                       "understudy",
		"mongodb+srv://u:p@a/ops?appName=b@c":                  "ops",
		"mongodb://%2Ftmp%2Fa.sock/ops?x=@":                    "ops",
	} {
		if got := (&Conn{uri: mongouri.Parse(uri)}).DatabaseName(); got != want {
			t.Errorf("the database of %q is %q, want %q", uri, got, want)
		}
		if strings.HasPrefix(uri, "mongodb+srv:") {
			continue // it would ask the DNS
		}
		driver, err := connstring.Parse(uri)
		if err == nil && driver.Database != want && (driver.Database != "" || want != mongouri.DefaultDatabase) {
			t.Errorf("to the driver, the database of %q is %q", uri, driver.Database)
		}
	}
}

func TestUnknownOptions_NamesWhatTheDriverIgnores(t *testing.T) {
	for uri, want := range map[string][]string{
		"mongodb://h":                         nil,
		"mongodb://h/db?":                     nil,
		"mongodb://h/?authSorce=admin":        {"authSorce"},
		"mongodb://h/?replicaSet=a&TLS=true":  nil,
		"mongodb://h/?w=majority;wat=1;foo=2": {"wat", "foo"},
		"mongodb://u:p%3F@h/?authMechanism=SCRAM-SHA-256&retryWrites=true&appName=x": nil,
		"mongodb+srv://cluster.invalid/?srvServiceName=x&nope":                       nil, // no name=value: the driver says so
		"mongodb://h/?a%20b=hunter2&x\x1b=1":                                         nil,
		"mongodb://u:p?secret=1@h/?y=2":                                              {"y"},
	} {
		if got := (&Conn{uri: mongouri.Parse(uri)}).UnknownOptions(); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}
