// Package cli is the program understudy: its subcommands, their output and their
// exit codes.
//
// Each subcommand has a file of its own name, or a few that begin with it. [Main]
// prints what goes wrong and derives the exit code from it. A command that has printed
// its result itself returns no error but sets the exit code, so every error is printed
// once: by Main, or by the log of an instance.
package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/understudy-go/understudy/internal/logging"
)

// Main runs the program with its arguments, and returns the exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	queue := logging.NewQueue(stderr)
	defer queue.Flush()
	var code int
	root := newRoot(stdout, queue, &code)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(queue, "understudy: %s\n", explain(err))
		return exitCodeOf(err)
	}
	return code
}
