package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
)

// serveInstance answers as an instance does, by path.
func serveInstance(t *testing.T, answers map[string]http.HandlerFunc) (addr string) {
	t.Helper()
	mux := http.NewServeMux()
	for path, answer := range answers {
		mux.HandleFunc("GET "+path, answer)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func says(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func TestHealth_IsWhatTheInstanceAnswers(t *testing.T) {
	addr := serveInstance(t, map[string]http.HandlerFunc{
		"/healthz": says(200, "ok\n"), "/readyz": says(503, "not registered\x1b[31m\nsecond line"), "/activez": says(200, "active in term 7\n"),
	})
	_, port, _ := net.SplitHostPort(addr)
	// Neither other mistakes in the environment nor a proxy in it make a difference.
	testkit.CleanEnv(t, "UNDERSTUDY_GROUP=no way", "http_proxy=http://192.0.2.1:1", "HTTP_PROXY=http://192.0.2.1:1", "NO_PROXY=", "no_proxy=")
	for _, host := range []string{"127.0.0.1", "", "0.0.0.0", "[::ffff:127.0.0.1]"} {
		t.Setenv("UNDERSTUDY_HTTP_ADDR", host+":"+port)
		if code, stdout, stderr := inProcess("health"); code != exitcode.OK || stdout != "ok\n" || stderr != "" {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", host, code, stdout, stderr)
		}
	}
	t.Setenv("UNDERSTUDY_HTTP_ADDR", addr)
	if code, stdout, stderr := inProcess("health", "--active"); code != exitcode.OK || stdout != "active in term 7\n" || stderr != "" {
		t.Errorf("--active: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	code, stdout, stderr := inProcess("health", "--ready")
	if code != exitcode.Failure || stdout != "" {
		t.Errorf("--ready: exit code %d, stdout %q", code, stdout)
	}
	testkit.WantLine(t, stderr, "understudy: http://"+addr+`/readyz: 503: not registered\x1b[31m`)
}

func TestHealth_JSONHasTheAnswer(t *testing.T) {
	addr := serveInstance(t, map[string]http.HandlerFunc{"/healthz": says(200, "ok\n"), "/readyz": says(503, "no \"beat\"\x1b\u202e\n")})
	testkit.CleanEnv(t)
	for _, tt := range []struct {
		addr, args string
		exit       int
		want       healthResult
	}{
		{addr, "health --json", exitcode.OK, healthResult{true, "http://" + addr + "/healthz", 200, "ok"}},
		{addr, "health --ready --json", exitcode.Failure, healthResult{false, "http://" + addr + "/readyz", 503, `no "beat"\x1b\u202e`}},
		{closedPort, "health --json", exitcode.Failure, healthResult{false, "http://" + closedPort + "/healthz", 0, "connect: connection refused"}},
	} {
		t.Setenv("UNDERSTUDY_HTTP_ADDR", tt.addr)
		code, stdout, stderr := inProcess(strings.Fields(tt.args)...)
		var got healthResult
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || got != tt.want || code != tt.exit || stderr != "" {
			t.Errorf("%s: exit code %d, %+v, %v, stderr %q\nwant %d, %+v", tt.args, code, got, err, stderr, tt.exit, tt.want)
		}
	}
	t.Setenv("UNDERSTUDY_HTTP_ADDR", "")
	if code, stdout, _ := inProcess("health", "--json"); code != exitcode.Config || stdout != "" {
		t.Errorf("no address: exit code %d, stdout %q", code, stdout)
	}
}

// closedPort is an address where nobody listens. No other test can be given this port.
const closedPort = "127.0.0.1:1"

func TestHealth_WithoutAnAnswerIs1(t *testing.T) {
	moved := serveInstance(t, map[string]http.HandlerFunc{"/healthz": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}, "/elsewhere": says(200, "ok")})
	testkit.CleanEnv(t)
	for _, tt := range []struct{ addr, want string }{
		{closedPort, "refused"},
		{moved, "302"},
	} {
		t.Setenv("UNDERSTUDY_HTTP_ADDR", tt.addr)
		code, stdout, stderr := inProcess("health")
		if code != exitcode.Failure || stdout != "" {
			t.Errorf("exit code %d, stdout %q", code, stdout)
		}
		testkit.WantLine(t, stderr, "understudy: http://"+tt.addr+"/healthz: ", tt.want)
	}
}

func TestHealth_DoesNotWaitForever(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	const timeout = 50 * time.Millisecond
	begun := time.Now()
	_, _, err = probe(t.Context(), "http://"+silent.Addr().String()+"/healthz", timeout)
	if took := time.Since(begun); err == nil || err.Error() != "no answer within 50ms" || took < timeout {
		t.Errorf("error %v after %v", err, took)
	}
}

func TestHealth_WithoutAnAddressIs78(t *testing.T) {
	testkit.CleanEnv(t)
	for addr, want := range map[string]string{
		":8080 ":             "UNDERSTUDY_HTTP_ADDR: it ends with a space: remove it",
		"":                   "UNDERSTUDY_HTTP_ADDR is not set: want the address that the instance has",
		"8080":               `UNDERSTUDY_HTTP_ADDR="8080": want the address that the instance has, HOST:PORT or :PORT`,
		"127.0.0.1:http":     "want the address that the instance has",
		"127.0.0.1:70000":    "want the address that the instance has",
		"http://127.0.0.1:1": "want the address that the instance has",
		"a\x01b:1":           `"a\x01b:1"`,
		"a\nb:1":             "UNDERSTUDY_HTTP_ADDR: it has a line break in it",
		"127.0.0.1:0":        "port 0 is a different one each time",
	} {
		t.Setenv("UNDERSTUDY_HTTP_ADDR", addr)
		code, stdout, stderr := inProcess("health")
		if code != exitcode.Config || stdout != "" {
			t.Errorf("%q: exit code %d, stdout %q", addr, code, stdout)
		}
		testkit.WantLine(t, stderr, "understudy: ", want)
	}
	t.Setenv("UNDERSTUDY_HTTP_ADDR", "127.0.0.1:1")
	for _, args := range []string{"health --ready --active", "health now", "health --read"} {
		if code, _, stderr := inProcess(strings.Fields(args)...); code != exitcode.Usage {
			t.Errorf("%s: exit code %d: %s", args, code, stderr)
		}
	}
}

func TestHealth_ReachesAnIPv6Instance(t *testing.T) {
	for addr, want := range map[string]string{
		":80": "http://127.0.0.1:80", "[::]:80": "http://[::1]:80", "0.0.0.0:80": "http://127.0.0.1:80",
		"[::1]:80": "http://[::1]:80", "db:80": "http://db:80", "[fe80::1%eth0]:80": "http://[fe80::1%25eth0]:80",
	} {
		if got, err := healthURL(addr); got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", addr, got, err, want)
		}
	}
}
