package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestHeaders_AreOnEveryAnswer(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	for _, path := range []string{"/", "/healthz", "/status", "/metrics", "/nothing"} {
		header := s.get(http.MethodGet, path).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": theDocument().policy,
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"X-Frame-Options":         "DENY",
			"Cache-Control":           "no-store",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestPolicy_AllowsOnlyThePage(t *testing.T) {
	t.Parallel()
	text := newFixture(t).get(http.MethodGet, "/").Body.String()
	policy := theDocument().policy
	for _, element := range []string{"script", "style"} {
		found := regexp.MustCompile(`(?s)<`+element+`\b([^>]*)>(.*?)</`+element+`>`).FindAllStringSubmatch(text, -1)
		if len(found) != 1 || found[0][1] != "" {
			t.Fatalf("%d elements %s, want one without attributes", len(found), element)
		}
		sum := sha256.Sum256([]byte(found[0][2]))
		if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy+";", want+";") {
			t.Errorf("%s is not in the policy %s", want, policy)
		}
	}
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("%s is not in the policy", want)
		}
	}
	for _, bad := range []string{"unsafe", "*", "http"} {
		if strings.Contains(policy, bad) {
			t.Errorf("%s is in the policy %s", bad, policy)
		}
	}
	for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=", " onclick", " src="} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %s in it", bad)
		}
	}
}

func TestPage_HasAllItsFiles(t *testing.T) {
	t.Parallel()
	files, err := pageFiles.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, ".js") && !slices.Contains(scripts, name) {
			t.Errorf("%s is not among the scripts of the page", name)
		}
	}
	if want := len(scripts) + len([]string{"page.html", "page.css"}); len(files) != want {
		t.Errorf("%d files, want %d: the document, the style and the scripts", len(files), want)
	}
}
