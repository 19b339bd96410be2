// Understudy keeps one of N identical processes working: each registers itself,
// one is active and runs the command, the others stand by, and when the active
// one goes another takes over, never two at once.
//
// Package heartbeat has the protocol, package registry the shared record, and
// package worker runs the command under its guard.
package main

import (
	"context"
	"io"
	"os"

	"github.com/understudy-go/understudy/internal/pid1"
)

func main() {
	if os.Getpid() == 1 {
		os.Exit(pid1.Main())
	}
	pid1.TakeName()
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	queue := &logQueue{stderr: stderr}
	defer queue.flush()
	root := newRoot(stdout, queue)
	root.SetArgs(args)
	return exitCode(root.ExecuteContext(ctx), queue)
}
