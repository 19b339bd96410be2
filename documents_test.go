package main

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/config"
)

var update = flag.Bool("update", false, "write the parts of the README that are made from the code")

// TestREADMEIsMadeFromTheCode holds the parts of the README that repeat the code:
// go test -run README -update . brings them up to date.
func TestREADMEIsMadeFromTheCode(t *testing.T) {
	old, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for name, want := range map[string]string{
		"configuration": config.Table(),
		"library":       "```go\n" + exampleBody(t) + "```\n",
	} {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
		head, rest, ok := strings.Cut(text, begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("README.md has no part %q", name)
		}
		text = head + begin + want + end + tail
	}
	if text == string(old) {
		return
	}
	if !*update {
		t.Fatal("README.md is out of date: go test -run README -update .")
	}
	if err := os.WriteFile("README.md", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// exampleBody is the code of the library's runnable example.
func exampleBody(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("heartbeat/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(src), "func Example() {\n")
	body, _, ok := strings.Cut(body, "\t// Output")
	if !ok {
		t.Fatal("heartbeat/example_test.go has no example with an output")
	}
	if n := strings.Count(body, "\n"); n >= 20 {
		t.Errorf("the example takes %d lines", n)
	}
	return regexp.MustCompile(`(?m)^\t`).ReplaceAllString(body, "")
}
