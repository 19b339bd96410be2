package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

func endedRun() store.Run {
	end := time.Date(2027, 1, 1, 0, 0, 9, 0, time.UTC)
	return store.Run{
		Key: store.Key{Group: "g", Job: "report", Run: "2027-01-01T00:00:00Z"}, State: store.Failed, Attempt: 2, EndedAt: end, At: end,
		Result: []byte("secret result"), Output: store.Output{Head: []byte("secret head"), Tail: []byte("secret tail"), Bytes: 22},
	}
}

func secretFile(t *testing.T, text string) *SecretFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenSecretFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSender_SignsWhatItSends(t *testing.T) {
	raw := []byte("0123456789abcdef0123456789abcdef")
	for name, text := range map[string]string{"as it is": string(raw) + "\n", "in base64": "whsec_" + base64.StdEncoding.EncodeToString(raw)} {
		t.Run(name, func(t *testing.T) {
			var got *http.Request
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
			}))
			defer server.Close()
			r := endedRun()
			if err := NewSender("v1", secretFile(t, text)).Send(t.Context(), server.URL, r); err != nil {
				t.Fatal(err)
			}
			mac := hmac.New(sha256.New, raw)
			mac.Write([]byte(got.Header.Get("Webhook-Id") + "." + got.Header.Get("Webhook-Timestamp") + "." + string(body)))
			want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
			if got.Method != http.MethodPost || got.Header.Get("Webhook-Signature") != want || got.Header.Get("Webhook-Id") != ID(r) {
				t.Errorf("got %s with %v, want the signature %s", got.Method, got.Header, want)
			}
			var m struct {
				Type string
				Data struct {
					Group string
					Run   struct{ ID, Status string }
				}
			}
			if err := json.Unmarshal(body, &m); err != nil || m.Type != "run.ended" || m.Data.Group != "g" || m.Data.Run.ID != r.Key.String() || m.Data.Run.Status != "failed" {
				t.Errorf("got %s, %v", body, err)
			}
			if strings.Contains(string(body), "secret") {
				t.Errorf("it has the output or the result: %s", body)
			}
		})
	}
}

func TestSender_SaysWhetherAnotherAttemptIsWanted(t *testing.T) {
	for code, want := range map[int]string{200: "", 204: "", 301: "answered 301", 404: "answered 404", 410: "no more", 500: "answered 500"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/token-elsewhere")
			w.WriteHeader(code)
		}))
		err := NewSender("v1", nil).Send(t.Context(), server.URL+"/token", endedRun())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) || errors.Is(err, ErrGone) != (code == 410) {
			t.Errorf("%d: got %v, want %q", code, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "/token") {
			t.Errorf("the error shows the URL: %v", err)
		}
		server.Close()
		err = NewSender("v1", nil).Send(t.Context(), server.URL+"/token", endedRun())
		if err == nil || strings.Contains(err.Error(), "/token") {
			t.Errorf("nobody listens: got %v", err)
		}
	}
}

// A receiver knows a repeated delivery by its ID, and takes none for a repeated one that
// is not.
func TestID_IsThatOfOneEnd(t *testing.T) {
	r := endedRun()
	same := r
	same.Term, same.Remark = 7, "another holder"
	if ID(same) != ID(r) {
		t.Error("another holder sends another ID")
	}
	for name, change := range map[string]func(*store.Run){
		"group": func(r *store.Run) { r.Group = "h" }, "job": func(r *store.Run) { r.Job = "other" }, "run": func(r *store.Run) { r.Run = "k:1" },
		"attempt": func(r *store.Run) { r.Attempt++ }, "end": func(r *store.Run) { r.EndedAt = r.EndedAt.Add(time.Second) },
	} {
		other := r
		change(&other)
		if ID(other) == ID(r) {
			t.Errorf("another %s has the same ID", name)
		}
	}
}

func TestSecretFile_KeepsTheSecretWhileTheFileIsWrong(t *testing.T) {
	f := secretFile(t, "0123456789abcdef")
	if err := os.WriteFile(f.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := string(f.key()); got != "0123456789abcdef" {
		t.Errorf("got %q", got)
	}
	if err := os.WriteFile(f.path, []byte("fedcba9876543210"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := string(f.key()); got != "fedcba9876543210" {
		t.Errorf("got %q", got)
	}
	if err := os.WriteFile(f.path, []byte("whsec_0123456789abcde!"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSecretFile(f.path); err == nil || !strings.Contains(err.Error(), "whsec_") || strings.Contains(err.Error(), "0123") {
		t.Errorf("a secret that is not base64: %v", err)
	}
	if _, err := OpenSecretFile(f.path + ".none"); err == nil || !strings.HasPrefix(err.Error(), "UNDERSTUDY_WEBHOOK_SECRET_FILE: ") {
		t.Errorf("got %v", err)
	}
}
