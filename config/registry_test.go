package config

import (
	"strings"
	"testing"
)

func TestRegistry_RefusedValues(t *testing.T) {
	tests := []struct{ value, shown, want string }{
		{"localhost:27017", `="xxxxx"`, wantRegistry},
		{"hunter2", `="xxxxx"`, wantRegistry},
		{"u:pw@h", `="xxxxx"`, wantRegistry},
		{"mongodb:u:pw@h", `="xxxxx"`, wantRegistry},
		{"/var/lib/x.db", `="/var/lib/x.db"`, "want sqlite: before"},
		{"./x", `="./x"`, "want sqlite: before"},
		{"x.db", `="x.db"`, "want sqlite: before"},
		{"postgres://u:pw@h/d", `="postgres://xxxxx"`, wantRegistry},
		{"MongoDB://u:pw@h/d", `="MongoDB://xxxxx"`, wantRegistry},
		{"pw://h", `="xxxxx"`, wantRegistry},
		{"mongodb://u:${PASSWORD}@h", `="mongodb://u:xxxxx@h/"`, "write %24"},

		{"mongodb://", `="mongodb://xxxxx"`, "host 1 of 1"},
		{"mongodb:///app", `="mongodb://xxxxx"`, "host 1 of 1"},
		{"mongodb://u:pw@", `="mongodb://xxxxx"`, "host 1 of 1"},
		{"mongodb://user:pw", `="mongodb://xxxxx"`, "host 1 of 1"},
		{"mongodb://a,,b", `="mongodb://xxxxx"`, "host 2 of 3"},
		{"mongodb://a:0", `="mongodb://xxxxx"`, "the port of host 1 of 1"},
		{"mongodb://a:1,b:65536", `="mongodb://xxxxx"`, "the port of host 2 of 2"},
		{"mongodb://[::1", `="mongodb://xxxxx"`, "host 1 of 1"},
		{"mongodb://u:p/w@h", `="mongodb://xxxxx"`, "write %2F, %3A, %40"},
		{"mongodb://u:p:w@h", `="mongodb://xxxxx"`, "write %2F, %3A, %40"},
		{"mongodb://u:p@w@h", `="mongodb://xxxxx"`, "write %2F, %3A, %40"},
		{"mongodb://u:p@w/x@h", `="mongodb://xxxxx"`, "write %2F, %3A, %40"},
		{"mongodb://u:pw@h/?tlsCertificateKeyFilePassword=a@b", `="mongodb://xxxxx"`, "write %2F, %3A, %40"},
		{"mongodb://u:p%zz@h", `="mongodb://xxxxx"`, "write %25"},
		{"mongodb://%:pw@h", `="mongodb://xxxxx"`, "write %25"},
		{"mongodb://:pw@h", `="mongodb://xxxxx"`, "no user"},
		{"mongodb://u:p w@h", `="mongodb://xxxxx"`, "a space or a control character"},
		{"mongodb://u:pw@h\x01", `="mongodb://xxxxx"`, "a space or a control character"},
		{"mongodb://u:pw@h?w=1", `="mongodb://xxxxx"`, "want a / between"},
		{"mongodb://u:pw@h/%zz", `="mongodb://xxxxx"`, "the database in its path"},
		{"mongodb://h/" + strings.Repeat("x", 16<<10), `="mongodb://xxxxx"`, "at most 16 KiB"},
		{"mongodb+srv://u:pw@a.b.c:27017", `="mongodb+srv://xxxxx"`, "ports from DNS"},
		{"mongodb+srv://u:pw@a.b.c,d.e.f", `="mongodb+srv://xxxxx"`, "hosts from DNS"},

		{"sqlite:", `="sqlite:"`, "want sqlite:PATH"},
		{"sqlite::memory:", `="sqlite::memory:"`, "would all be active"},
		{"sqlite:file:x?mode=memory", `="sqlite:file:x?mode=memory"`, "would all be active"},
		{"sqlite://x.db", `="sqlite://xxxxx"`, "a host in it"},
		{"sqlite://u:pw@h/d", `="sqlite://xxxxx"`, "a host in it"},
		{"sqlite:~/x.db", `="sqlite:~/x.db"`, "a ~ is not replaced"},
		{"sqlite:~app/x.db", `="sqlite:~app/x.db"`, "a ~ is not replaced"},
		{"sqlite:$HOME/x.db", `="sqlite:$HOME/x.db"`, "has a $ in it"},
		{"sqlite:/data/${NAME}.db", `="sqlite:/data/${NAME}.db"`, "has a $ in it"},
		{"sqlite:/data/$(hostname).db", `="sqlite:/data/$(hostname).db"`, "has a $ in it"},
		{"sqlite: x.db", `="sqlite: x.db"`, "its path has a stray character: it begins with a space"},
		{"sqlite:'/x'/x.db", `="sqlite:'/x'/x.db"`, "its path has a stray character: it begins with a quote"},
		{"sqlite:no/such/x.db", `="sqlite:no/such/x.db"`, "its directory does not exist: create it"},
		{"sqlite:registry_test.go/x.db", `="sqlite:registry_test.go/x.db"`, "is not a directory"},
		{"sqlite:x.db?mode=ro", `="sqlite:x.db?mode=ro"`, "without options"},
		{"sqlite:u:pw@h?x", `="sqlite:xxxxx"`, "without options"},
		{"sqlite:a\x1bb", `="sqlite:a\x1bb"`, "a control character"},
		{"sqlite:dir/", `="sqlite:dir/"`, "a directory"},
		{"sqlite:" + strings.Repeat("x", 4097), `… (4104 bytes)`, "at most 4 KiB"},
	}
	for _, tt := range tests {
		setenv(t, env{"UNDERSTUDY_REGISTRY": tt.value})
		c, _, err := onMachine()
		if err == nil {
			t.Errorf("%.80q: accepted as %v", tt.value, c.Registry)
			continue
		}
		got := err.Error()
		if !strings.HasPrefix(got, "UNDERSTUDY_REGISTRY=") || !strings.Contains(got, tt.shown) || !strings.Contains(got, tt.want) || strings.Contains(got, "pw@") {
			t.Errorf("%.80q: got\n%s\nwant %s … %s", tt.value, got, tt.shown, tt.want)
		}
	}
}

func TestRegistry_NamesFilesThatAURIHas(t *testing.T) {
	for value, want := range map[string]bool{
		"mongodb://u:file@h/file?replicaSet=file":         false,
		"mongodb://h/?tls=true&tlsCAFile=ca.pem":          true,
		"mongodb://h/?w=1&TLSCertificateKeyFile=%2Fc.pem": true,
		"sqlite:/tmp/file":                                false,
	} {
		r, _, err := parseRegistry(value)
		if err != nil || r.NamesFiles() != want {
			t.Errorf("%s: %v, %v, want %v", value, r.NamesFiles(), err, want)
		}
	}
}
