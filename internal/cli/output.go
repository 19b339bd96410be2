package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/understudy-go/understudy/internal/terminal"
)

func write(out io.Writer, text []byte) error {
	if _, err := out.Write(text); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return nil
}

// unlessGone takes it for an orderly end that nobody reads any more.
func unlessGone(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// encode is v as JSON with the line's end, for people if indent.
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
	return b.Bytes(), nil
}

// writeLines writes lines for people, in colours if out is a terminal that has
// them.
func writeLines(out io.Writer, lines []terminal.Line) error {
	var b bytes.Buffer
	colour := terminal.Colourful(out)
	for _, l := range lines {
		b.WriteString(l.Paint(colour) + "\n")
	}
	return write(out, b.Bytes())
}
