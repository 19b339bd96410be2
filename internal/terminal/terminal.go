// Package terminal shows lines and tables to people, on a terminal or wherever
// they send the output.
package terminal

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// Of is out if it is a terminal, else nil.
func Of(out io.Writer) *os.File {
	if f, ok := out.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return f
	}
	return nil
}

// Colourful reports whether out is a terminal whose user wants colours.
func Colourful(out io.Writer) bool { return Of(out) != nil && os.Getenv("NO_COLOR") == "" && !Dumb() }

// Dumb reports whether the terminal says that it can show lines and no more.
func Dumb() bool { return os.Getenv("TERM") == "dumb" }
