// Package cli is the program understudy: its subcommands, their output and their
// exit codes.
package cli

import (
	"context"
	"io"
)

// Main runs the program with its arguments, and returns the exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	queue := &logQueue{stderr: stderr}
	defer queue.flush()
	root := newRoot(stdout, queue)
	root.SetArgs(args)
	return exitCode(root.ExecuteContext(ctx), queue)
}
