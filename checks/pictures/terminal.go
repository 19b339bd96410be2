package main

import (
	"html"
	"regexp"
	"strings"
)

// colours has the colour of each style that Understudy uses.
var colours = map[string]string{
	"1": "font-weight:bold", "2": "opacity:.7",
	"31": "color:#ff7b72", "32": "color:#7ee787", "33": "color:#e3b341", "36": "color:#79c0ff", "90": "color:#8b949e",
}

var escape = regexp.MustCompile("\x1b\\[([0-9;?]*)([A-Za-z])")

// screen returns a page that shows what a terminal shows after the output: everything
// before the cursor last went home has been overwritten.
func screen(output, prompt string) string {
	output = strings.ReplaceAll(output, "\r\n", "\n")
	if i := strings.LastIndex(output, "\x1b[H"); i >= 0 {
		output = output[i:]
	}
	var b strings.Builder
	open, at := 0, 0
	text := func(s string) { b.WriteString(html.EscapeString(s)) }
	for _, m := range escape.FindAllStringSubmatchIndex(output, -1) {
		text(output[at:m[0]])
		at = m[1]
		if output[m[4]:m[5]] != "m" {
			continue
		}
		for _, code := range strings.Split(output[m[2]:m[3]], ";") {
			if style, ok := colours[code]; ok {
				b.WriteString(`<span style="` + style + `">`)
				open++
			} else {
				b.WriteString(strings.Repeat("</span>", open))
				open = 0
			}
		}
	}
	text(output[at:])
	return `<!doctype html><meta charset="utf-8"><style>
body{margin:0;background:#0d1117;color:#e6edf3}
#terminal{display:inline-block;padding:18px 22px;margin:0;font:14px/1.45 "DejaVu Sans Mono","Liberation Mono",monospace;white-space:pre}
</style><pre id="terminal"><span style="color:#8b949e">$</span> ` + html.EscapeString(prompt) + "\n" +
		strings.TrimRight(b.String(), "\n") + strings.Repeat("</span>", open) + "</pre>"
}
