package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"
	"unicode"
	"unicode/utf16"

	"github.com/understudy-go/understudy/internal/terminal"
)

func write(out io.Writer, text []byte) error {
	if _, err := out.Write(text); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return nil
}

// unlessGone returns err, or nil if the reader of stdout went away: that is an orderly
// end, as in "understudy history | head".
func unlessGone(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// encode returns v as JSON that ends with a newline. With indent it is for people.
// Characters that do something to a terminal are escaped: text of a registry may hold any.
func encode(v any, indent bool) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if indent {
		e.SetIndent("", "  ")
	}
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	return harmlessJSON(b.Bytes()), nil
}

// harmlessJSON escapes what cannot be seen, which changes nothing for whoever reads JSON.
func harmlessJSON(text []byte) []byte {
	odd := func(r rune) bool { return r > '~' && !unicode.IsGraphic(r) }
	if !bytes.ContainsFunc(text, odd) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) { // it is UTF-8, and what is odd is within strings
		switch r1, r2 := utf16.EncodeRune(r); {
		case !odd(r):
			b.WriteRune(r)
		case r1 == unicode.ReplacementChar:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x\u%04x`, r1, r2)
		}
	}
	return b.Bytes()
}

// writeJSON writes v for people or programs.
func writeJSON(out io.Writer, v any) error {
	text, err := encode(v, true)
	if err != nil {
		return err
	}
	return write(out, text)
}

// writeLines writes lines for people, in colours if out is a terminal that has them.
func writeLines(out io.Writer, lines []terminal.Line) error {
	var b bytes.Buffer
	colour := terminal.Colourful(out)
	for _, l := range lines {
		b.WriteString(l.Paint(colour) + "\n")
	}
	return write(out, b.Bytes())
}

// width returns the number of columns of a terminal, or 0 if out is none.
func width(out io.Writer) (columns int) {
	if f := terminal.Of(out); f != nil {
		columns, _ = terminal.Size(f)
	}
	return columns
}
