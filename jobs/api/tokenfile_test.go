package api

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/testkit"
)

func TestTokenFile_SaysWhatIsWrongAndNotWhatTheTokenIs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "s3cret-file")
	for text, want := range map[string]string{
		"":                                  "it is empty: want a token of 16 to 1024 characters",
		"\n":                                "it is empty",
		"s3cret-of-15-ch":                   "the token has 15 characters: want 16 to 1024, such as what openssl rand -hex 32 prints",
		"s3cret-s3cret-s3cret\ns3cret":      "it has several lines",
		"s3cret-s3cret-s3cret\n\n":          "it has several lines",
		"s3cret s3cret s3cret":              "the token has a space",
		"s3cret-s3cret-s3crét":              "a character that no HTTP header may have",
		strings.Repeat("s3cret", 200):       "it is too long",
		"s3cret-of-16-chr" + "\x00":         "a character that no HTTP header may have",
		"\xff\xfes\x003\x00c\x00r\x00e\x00": "a character that no HTTP header may have",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenTokenFile(file, zerolog.Nop())
		if err == nil || !strings.Contains(err.Error(), "UNDERSTUDY_API_TOKEN_FILE: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v; want %q, and nothing of the text", text, err, want)
		}
	}
	for path, want := range map[string]string{filepath.Join(dir, "s3cret"): "want a file that can be read: ", dir: "this is not a regular file"} {
		if _, err := OpenTokenFile(path, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v; want %q, and not the path", path, err, want)
		}
	}
}

func TestTokenFile_TheEndOfTheLineDoesNotCount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for _, end := range []string{"", "\n", "\r\n"} {
		if err := os.WriteFile(file, []byte(token+end), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenTokenFile(file, zerolog.Nop())
		if err != nil || !f.is(sha256.Sum256([]byte(token))) || f.is(sha256.Sum256([]byte(token+end+"\n"))) {
			t.Errorf("%q: %v", end, err)
		}
	}
}

func TestTokenFile_WarnsIfEverybodyMayReadIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such mode on Windows")
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o440: 0, 0o644: 1, 0o602: 1} {
		var log testkit.LogBuffer
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenTokenFile(file, zerolog.New(&log)); err != nil || strings.Count(log.String(), "every user") != want {
			t.Errorf("%v: %v\n%s", mode, err, &log)
		}
	}
}

// Kubernetes replaces a link to a directory of files.
func TestTokenFile_IsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "data")
	now := time.Now()
	version := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "token"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(link)
		if err := os.Symlink(name, link); err != nil {
			t.Skipf("this machine has no symbolic links: %v", err)
		}
		now = now.Add(rereadAfter)
	}
	version("1", token)
	var log testkit.LogBuffer
	f, err := OpenTokenFile(filepath.Join(link, "token"), zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	f.now, f.read = func() time.Time { return now }, now
	is := func(token string) bool { return f.is(sha256.Sum256([]byte(token))) }
	version("2", "another-horse-battery")
	if is(token) || !is("another-horse-battery") || !strings.Contains(log.String(), "another token") {
		t.Errorf("the new token does not count, or the old one does\n%s", &log)
	}
	for range 3 { // what is wrong is said once
		version("3", "short")
		if !is("another-horse-battery") || is("short") {
			t.Error("a wrong file changed the token")
		}
	}
	if n := strings.Count(log.String(), "stays as it was"); n != 1 {
		t.Errorf("%d errors, want one\n%s", n, &log)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	now = now.Add(rereadAfter)
	if !is("another-horse-battery") || strings.Count(log.String(), "stays as it was") != 2 {
		t.Errorf("without a file, the token does not stay\n%s", &log)
	}
	version("4", token)
	if !is(token) || is("another-horse-battery") {
		t.Error("the token of the file that is right again does not count")
	}
}
