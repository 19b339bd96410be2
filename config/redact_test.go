package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const marker = "Zq7MARKER7qZ"

func TestConfig_NoFormatShowsThePassword(t *testing.T) {
	setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://app:" + marker + "@h/app?tlsCertificateKeyFilePassword=" + marker})
	c, _, err := onMachine()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(c.Registry.URI.Reveal(), marker) {
		t.Fatal("Reveal hides the password")
	}
	type hiding struct{ c Config } // fmt calls no methods of the value of an unexported field
	values := []any{c, &c, c.Registry, &c.Registry, c.Registry.URI, &c.Registry.URI, hiding{c}, &hiding{c},
		[]Config{c}, map[string]any{"c": c}, []any{c.Registry.URI}}
	for _, v := range values {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%10.3s", "%t"} {
			got := fmt.Sprintf(format, v)
			if strings.Contains(got, marker) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", marker)) {
				t.Errorf("%s of %T: %s", format, v, got)
			}
		}
		text, err := json.Marshal(v)
		if err != nil || strings.Contains(string(text), marker) {
			t.Errorf("JSON of %T: %s, %v", v, text, err)
		}
	}
	if got, want := fmt.Sprint(c.Registry.URI), "mongodb://app:xxxxx@h/app?xxxxx"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConfig_String(t *testing.T) {
	setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://app:pw@h/app", "UNDERSTUDY_HOST": `a"b`, "UNDERSTUDY_PRIORITY": "3"})
	c, _, err := onMachine()
	if err != nil {
		t.Fatal(err)
	}
	const want = `UNDERSTUDY_REGISTRY=mongodb://app:xxxxx@h/app UNDERSTUDY_DATABASE=app UNDERSTUDY_GROUP=default ` +
		`UNDERSTUDY_HOST="a\"b" UNDERSTUDY_PRIORITY=3 UNDERSTUDY_HEARTBEAT_INTERVAL=1s UNDERSTUDY_ORPHAN_AFTER=1m0s ` +
		`UNDERSTUDY_STOP_GRACE=10s UNDERSTUDY_CONNECT_TIMEOUT=30s UNDERSTUDY_RESTART=always UNDERSTUDY_ISOLATION=auto UNDERSTUDY_MAX_RUNS=16 UNDERSTUDY_LOG_LEVEL=info UNDERSTUDY_LOG_FORMAT=auto`
	for _, format := range []string{"%v", "%+v", "%s"} {
		if got := fmt.Sprintf(format, c); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", format, got, want)
		}
	}
}

// FuzzLoad puts a password where one may be, with any text around it, and looks for it in
// everything that comes back.
func FuzzLoad(f *testing.F) {
	f.Add(uint8(0), "u", "", "", "h/app", "default", "1s")
	f.Add(uint8(1), "u", "a@", "/b", "h.example.com?x", "", "60")
	f.Add(uint8(2), "u:v", "%", "%zz", "[::1]:1,b/%zz?w=1", "a b", "1e9s")
	f.Add(uint8(3), "a/?w=1", "&w=", "&", "", "\x1b", "-")
	f.Add(uint8(4), "", "://", "://", "\n", "x", "NaN")
	f.Add(uint8(5), "h/", "x", "&tls=true", "", "x", "1s")
	f.Fuzz(func(t *testing.T, kind uint8, user, before, after, rest, group, interval string) {
		if strings.Contains(user+before+after+rest+group+interval, "\x00") {
			t.Skip("an environment cannot hold a NUL")
		}
		scheme := []string{"mongodb", "mongodb+srv", "mongo", "sqlite", "postgres"}[kind%5]
		uri := scheme + "://" + user + ":" + before + marker + after + "@" + rest
		if kind%6 == 5 && !strings.ContainsAny(before, "&;") {
			uri = scheme + "://" + "h/?tlsCertificateKeyFilePassword=" + before + marker + after
		}
		setenv(t, env{"UNDERSTUDY_REGISTRY": uri, "UNDERSTUDY_GROUP": group, "UNDERSTUDY_HEARTBEAT_INTERVAL": interval,
			"UNDERSTUDY_REGISTRI": uri, "UNDERSTUDY_HOST": uri})
		c, warnings, err := onMachine()
		if err == nil {
			t.Fatal("a host that is a URI was accepted")
		}
		setenv(t, env{"UNDERSTUDY_REGISTRY": uri, "UNDERSTUDY_REGISTRI": "", "UNDERSTUDY_HOST": "", "UNDERSTUDY_GROUP": group, "UNDERSTUDY_HEARTBEAT_INTERVAL": interval})
		c2, warnings2, err2 := onMachine()
		shown := fmt.Sprintf("%v %+v %#v %q %v %v %+v %#v %q %v", c, c, c, warnings, err, c2, c2, c2, warnings2, err2)
		if strings.Contains(shown, marker) {
			t.Errorf("%q is shown: %s", uri, shown)
		}
		for _, e := range []error{err, err2} {
			if e != nil && strings.ContainsFunc(e.Error(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
				t.Errorf("a control character in %q", e)
			}
		}
	})
}
