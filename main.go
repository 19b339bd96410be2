// Understudy keeps one of N identical processes working: each registers itself,
// one is active and runs the command, the others stand by, and when the active
// one goes another takes over, never two at once.
//
// Package heartbeat has the protocol, package registry the shared record, and
// package worker runs the command under its guard. Package internal/cli has the
// program with its subcommands.
package main

import (
	"context"
	"os"

	"github.com/understudy-go/understudy/internal/cli"
	"github.com/understudy-go/understudy/internal/pid1"
)

func main() {
	if os.Getpid() == 1 {
		os.Exit(pid1.Main())
	}
	cli.LastWill()
	pid1.TakeName()
	os.Exit(cli.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
