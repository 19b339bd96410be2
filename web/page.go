package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
)

// pageFiles are the parts of the page. It is served as one document with one style and
// one script in it, so that a browser needs nothing else.
//
//go:embed page
var pageFiles embed.FS

// scripts are the files of the page's script, in their order in it.
var scripts = []string{"dom.js", "format.js", "hosts.js", "banner.js", "instances.js", "terms.js",
	"bars.js", "jobs.js", "timeline.js", "token.js", "output.js", "run.js", "views.js", "main.js"}

// document is the page, and the policy by which a browser runs its script and no other one.
type document struct {
	html          []byte
	htmlWithToken []byte // it tells the script that the API of jobs has a token
	policy        string
}

// theDocument is made when it is needed first: most starts of the program serve no page.
var theDocument = sync.OnceValue(func() document {
	style, script := pagePart("page.css"), joinScripts()
	html := assemble(style, script)
	return document{
		html:          html,
		htmlWithToken: bytes.Replace(html, []byte("<body>"), []byte("<body data-token>"), 1),
		policy: strings.Join([]string{
			"default-src 'none'",
			"script-src " + hashSource(script),
			"style-src " + hashSource(style),
			"img-src data:",
			"connect-src 'self'",
			"base-uri 'none'",
			"form-action 'none'",
			"frame-ancestors 'none'",
			"require-trusted-types-for 'script'", // forbids innerHTML
		}, "; "),
	}
})

// pagePart returns a file of the page. Its lines end with a newline alone, whatever a
// checkout made of them, for so a browser hashes a script.
func pagePart(name string) []byte {
	text, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err) // the program was built without a part of it
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

func joinScripts() []byte {
	parts := [][]byte{[]byte("\n'use strict';\n")}
	for _, name := range scripts {
		parts = append(parts, pagePart(name))
	}
	return bytes.Join(parts, []byte("\n"))
}

// assemble puts the style and the script into the document.
func assemble(style, script []byte) []byte {
	page := pagePart("page.html")
	for element, content := range map[string][]byte{"style": style, "script": script} {
		empty := []byte("<" + element + "></" + element + ">")
		if bytes.Count(page, empty) != 1 {
			panic("page.html needs one empty element " + element)
		}
		full := bytes.Join([][]byte{[]byte("<" + element + ">"), content, []byte("</" + element + ">")}, nil)
		page = bytes.Replace(page, empty, full, 1)
	}
	return page
}

// hashSource returns the source expression of the policy that allows an inline element
// with this content, and no other one.
func hashSource(content []byte) string {
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(s.html)
}
