// Package terminal shows lines and tables to people, on a terminal or wherever
// they send the output: a pipe, a file, a buffer of a test.
//
// A [Line] is made of spans of text in a style, and [Table] lines up rows of them.
// Colours are for a terminal only ([Colourful]).
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Of returns out if it is a terminal, else nil.
func Of(out io.Writer) *os.File {
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// Size returns the size of a terminal in characters, or zero if the terminal does
// not tell it.
func Size(f *os.File) (columns, rows int) {
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, rows
}

// Colourful reports whether out is a terminal whose user wants colours.
func Colourful(out io.Writer) bool { return Of(out) != nil && os.Getenv("NO_COLOR") == "" && !Dumb() }

// Dumb reports whether the terminal can show lines and nothing else, by its own
// account.
func Dumb() bool { return os.Getenv("TERM") == "dumb" }
