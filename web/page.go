package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:embed page.html
var source []byte

var (
	// A browser hashes a script with its line ends as newlines, whatever a
	// checkout made of them.
	html   = bytes.ReplaceAll(source, []byte("\r\n"), []byte("\n"))
	policy = strings.Join([]string{
		"default-src 'none'",
		"script-src " + hashOf("script"),
		"style-src " + hashOf("style"),
		"img-src data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'", // no innerHTML
	}, "; ")
)

// hashOf is the source expression that allows the page's one inline element of
// that name.
func hashOf(element string) string {
	_, after, ok := bytes.Cut(html, []byte("<"+element+">"))
	text, _, closed := bytes.Cut(after, []byte("</"+element+">"))
	if !ok || !closed {
		panic("page.html has no <" + element + ">")
	}
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// guarded has browsers do nothing with any answer but show the page.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", policy)
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(html)
}
