package mongouri_test

import (
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// marker is a part of a secret.
const marker = "Zq7MARKER7qZ"

func TestRedact_ShowsWhatIsSurelyNoSecret(t *testing.T) {
	tests := []struct{ uri, want string }{
		{"", ""},
		{"mongodb://h", "mongodb://h/"},
		{"mongodb://h:27017,i/app?replicaSet=rs0&w=majority", "mongodb://h:27017,i/app?replicaSet=rs0&w=majority"},
		{"mongodb://app:" + marker + "@h/app", "mongodb://app:xxxxx@h/app"},
		{"mongodb://app:" + marker + "%40%2F@h/app", "mongodb://app:xxxxx@h/app"},
		{"mongodb+srv://app:" + marker + "@h.example.com", "mongodb+srv://app:xxxxx@h.example.com/"},
		{"mongodb://" + marker + "@h", "mongodb://xxxxx@h/"},
		{"mongodb://app:27017?" + marker + "@h", "mongodb://app:xxxxx@h/"},
		{"mongodb://app?x:" + marker + "@h", "mongodb://xxxxx@h/"},
		{"mongodb://h?w=a" + marker + ":x@i", "mongodb://xxxxx@i/"}, // options of a URI without a slash
		{"mongodb://app:@h", "mongodb://app:xxxxx@h/"},
		{"mongodb://h/?tlsCertificateKeyFilePassword=" + marker + "&tls=true", "mongodb://h/?xxxxx&tls=true"},
		{"mongodb://h/?tls=true;sslClientCertificateKeyPassword=" + marker, "mongodb://h/?tls=true&xxxxx"},
		{"mongodb://h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:" + marker, "mongodb://h/?authMechanism=MONGODB-AWS&xxxxx"},
		{"mongodb://h/?AWS_SESSION_TOKEN=" + marker, "mongodb://h/?xxxxx"},
		{"mongodb://h/?" + marker, "mongodb://h/?xxxxx"},
		{"mongodb://h/?" + marker + "=1", "mongodb://h/?xxxxx"},
		{"mongodb://h/?authSource=$external", "mongodb://h/?authSource=$external"},
		{"mongodb://h/?w=" + marker + ":x", "mongodb://h/?xxxxx"},
		{"mongodb://u:a@" + marker + "@h", "mongodb://xxxxx"},
		{"mongodb://u:a/" + marker + "@h", "mongodb://xxxxx"},
		{"mongodb://u:%" + marker + "@h", "mongodb://xxxxx"},
		{"mongodb://u:" + marker, "mongodb://xxxxx"},
		{marker + "://u@h", "xxxxx"},
		{marker, "xxxxx"},
	}
	for _, tt := range tests {
		if got := mongouri.Redact(tt.uri); got != tt.want {
			t.Errorf("Redact(%q) = %q, want %q", tt.uri, got, tt.want)
		}
	}
}

func TestPlace_ShowsTheHostsOfAWrongURIToo(t *testing.T) {
	for _, tt := range []struct{ uri, want string }{
		{"", ""},
		{"localhost", "localhost"},
		{"user:" + marker + "@localhost", "user:xxxxx@localhost"},
		{"http://user:" + marker + "@localhost/x", "http://user:xxxxx@localhost/x"},
		{"mongodb://user:" + marker + "@a:1,b/db?w=1", "mongodb://user:xxxxx@a:1,b/db"},
		{"mongodb://user:" + marker + "@a:noport/", "mongodb://user:xxxxx@a:noport/"},
		{"mongodb://" + marker + "@a", "mongodb://xxxxx@a"},
		{"mongodb://user:a@" + marker + "@a", "mongodb://xxxxx@a"},
		{"mongodb://user:a/" + marker + "@a/db", "mongodb://xxxxx@a/db"},
		{"mongodb://h?w=" + marker + ":x@a", "mongodb://xxxxx@a"},
	} {
		if got := mongouri.Parse(tt.uri).Place(); got != tt.want {
			t.Errorf("the place of %q is %q, want %q", tt.uri, got, tt.want)
		}
	}
}

func TestHide_RemovesSecretsAsTheyAreWrittenAndDecoded(t *testing.T) {
	for _, uri := range []string{
		"mongodb://user:" + marker + "%40@h/",
		"mongodb://" + marker + "%40@h/",
		"mongodb://h/?tlsCertificateKeyFilePassword=" + marker + "%40",
		"mongodb://h/?authMechanismProperties=" + marker + "%40",
		"mongodb://user:a@" + marker + "@h/", // it is unclear where the password ends
	} {
		u := mongouri.Parse(uri)
		for _, text := range []string{"it is wrong: " + uri, "lookup " + marker + "@: no such host"} {
			if got := u.Hide(text); strings.Contains(got, marker) {
				t.Errorf("of %q, %q is left", text, got)
			}
		}
		if got := u.Hide("no such host"); !u.Unclear() && got != "no such host" {
			t.Errorf("a text without secrets became %q", got)
		}
	}
}

// FuzzParse puts a password where one may be, and any text around it, and looks
// for it in all that is shown.
func FuzzParse(f *testing.F) {
	f.Add("u", "", "", "h/app")
	f.Add("u", "a@", "/b", "h.example.com?x")
	f.Add("u:v", "%", "%zz", "[::1]:1,b/%zz?w=1")
	f.Add("a/?w=1", "&w=", "&", "")
	f.Fuzz(func(t *testing.T, user, before, after, rest string) {
		raw := "mongodb://" + user + ":" + before + marker + after + "@" + rest
		u := mongouri.Parse(raw)
		shown := mongouri.Redact(raw) + " " + u.Place()
		if err := u.Check(); err != nil {
			shown += err.Error()
		}
		if strings.Contains(shown, marker) {
			t.Errorf("%q is shown: %s", raw, shown)
		}
	})
}
