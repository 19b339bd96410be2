//go:build linux

// Command firstline is the small program that Understudy runs in the benchmark: its first
// output is the instant at which it was there. Then it waits to be stopped.
package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/understudy-go/understudy/bench/candidate"
)

func main() {
	at := candidate.Now()
	os.Stdout.WriteString(strconv.FormatInt(int64(at), 10) + "\n")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
