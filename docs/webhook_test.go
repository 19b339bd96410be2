package docs

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/webhook"
)

// TestJobs_WebhookExampleVerifiesADelivery has the Python function of docs/jobs.md verify a
// delivery, and refuse a changed body, another secret, and an old timestamp.
func TestJobs_WebhookExampleVerifiesADelivery(t *testing.T) {
	for _, program := range []string{"sh", "openssl", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("this machine has no %s: %v", program, err)
		}
	}
	text := read(t, "docs/jobs.md")
	function := regexp.MustCompile("(?s)<!-- begin verify -->\n```python\n(.*?)```").FindStringSubmatch(text)
	command := regexp.MustCompile(`(?m)^\(umask 077 && echo "whsec_.*>webhook-secret\)$`).FindString(text)
	if function == nil || command == "" {
		t.Fatal("docs/jobs.md does not say how to make a secret and to verify a signature")
	}
	dir := t.TempDir()
	shell := exec.Command("sh", "-c", command)
	shell.Dir = dir
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	for _, plain := range []bool{false, true} {
		path := filepath.Join(dir, "webhook-secret")
		if plain {
			if err := os.WriteFile(path, []byte("a-secret-that-is-no-base64\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		secret, err := webhook.OpenSecretFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var header http.Header
		var body []byte
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			header = r.Header
			body, _ = io.ReadAll(r.Body)
		}))
		run := store.Run{Key: store.Key{Group: "default", Job: "report", Run: "k:1"}, State: store.Completed, EndedAt: time.Now()}
		err = webhook.NewSender("test", secret).Send(t.Context(), server.URL, run)
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		headers := map[string]string{}
		for name := range header {
			headers[name] = header.Get(name)
		}
		line, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		input, err := json.Marshal(map[string]any{"secret": strings.TrimSpace(string(line)), "headers": headers, "body": string(body)})
		if err != nil {
			t.Fatal(err)
		}
		python := exec.Command("python3", "-c", function[1]+`
import json, sys
d = json.load(sys.stdin)
s, h, b = d["secret"], d["headers"], d["body"].encode()
print(verify(s, h, b), verify(s, h, b + b" "), verify("x" + s, h, b), verify(s, {**h, "Webhook-Timestamp": "1000000000"}, b))
`)
		python.Stdin = strings.NewReader(string(input))
		out, err := python.CombinedOutput()
		if want := "True False False False\n"; err != nil || string(out) != want {
			t.Errorf("plain=%v: %v\n%s\nwant %s", plain, err, out, want)
		}
	}
}
