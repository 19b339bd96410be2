package pid1

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/procfs"
)

// strangerTime is how long after the program's end anybody but a guard is
// waited for.
var strangerTime = 10 * time.Second

const lookAgain = 100 * time.Millisecond

// exitNoChild is the exit code when the child could not be started.
const exitNoChild = 70

// Main is for process 1 alone: it runs this program as a child, with the same
// arguments, and is its init. It returns the exit code when nobody is left that
// is worth waiting for: the program's own, 128+n if signal n ended it, 70 if it
// could not be started.
func Main() int {
	deaths, signals := make(chan os.Signal, 1), make(chan os.Signal, 64) // apart: many deaths must not crowd out an order
	signal.Notify(deaths, unix.SIGCHLD)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGCONT)
	pid, err := start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "understudy: init: %v\n", err)
		return exitNoChild
	}
	i := &initProcess{pid: pid, watched: make(map[int]bool), guardDied: make(chan int, 64)}
	rounds := time.NewTicker(watchEvery)
	defer rounds.Stop()
	var look <-chan time.Time // whether a guard is left, when the others have had their time
	for !i.reap() {
		i.watch()
		if i.pid == 0 && look == nil {
			look = time.After(strangerTime)
		}
		select {
		case <-deaths:
		case <-rounds.C:
		case guard := <-i.guardDied:
			delete(i.watched, guard)
		case sig := <-signals:
			switch {
			case i.pid != 0:
				_ = unix.Kill(i.pid, sig.(syscall.Signal))
				if sig != unix.SIGUSR1 && sig != unix.SIGUSR2 { // an order, which it does not hear while it is stopped
					i.resume()
				}
			case sig == unix.SIGTERM, sig == unix.SIGINT, sig == unix.SIGQUIT:
				return i.code
			}
		case <-look:
			if !guarded() {
				return i.code
			}
			look = time.After(lookAgain)
		}
	}
	return i.code
}

// guarded reports whether a child of this process is a guard. One can't do
// without /proc, so that there is none where that can't be read.
func guarded() bool {
	list, _ := procfs.Children("self")
	return slices.ContainsFunc(list, func(pid int) bool {
		state, _ := stateOf(pid)
		return isGuard(pid) && state != "Z"
	})
}

// start runs the program in a process group of its own, which becomes the
// terminal's if there is one: Ctrl-C then reaches the program once, and not a
// second time through us.
func start() (pid int, err error) {
	const self = "/proc/self/exe"
	pid, err = syscall.ForkExec(self, os.Args, &syscall.ProcAttr{
		Env:   append(os.Environ(), config.EnvUnderInit+"=1"),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", self, err)
	}
	_ = unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, pid) // not a terminal: nothing to do
	return pid, nil
}

// TakeName has the child called by the program's name, where the kernel has that
// of the link by which it was executed. In any other process it does nothing.
func TakeName() {
	if os.Getenv(config.EnvUnderInit) != "" {
		_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0)
	}
}

// initProcess is the first process of a PID namespace.
type initProcess struct {
	pid  int // the program, until it is reaped
	code int // its exit code

	watched   map[int]bool // the program's guards
	guardDied chan int
	failed    bool // a guard, or the program, did not end by itself
}

// resume has the program go on if it is stopped.
func (i *initProcess) resume() { _ = unix.Kill(-i.pid, unix.SIGCONT) }

// reap reaps whoever is dead, and reports whether nobody is left. A program
// that was stopped by a terminal's Ctrl-Z goes on: there is no shell here that
// could resume it.
func (i *initProcess) reap() (empty bool) {
	for {
		guard := isGuard(procfs.Peek(unix.P_ALL, 0))
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, unix.WNOHANG|unix.WUNTRACED|unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil: // ECHILD
			return true
		case pid == 0:
			return false
		}
		switch {
		case pid != i.pid && !ws.Stopped():
			i.failed = i.failed || guard && ws != 0
		case pid == i.pid && ws.Stopped():
			if ws.StopSignal() == unix.SIGTSTP {
				i.resume()
			}
		case pid == i.pid:
			i.pid, i.code = 0, ws.ExitStatus()
			if ws.Signaled() {
				i.code = 128 + int(ws.Signal())
				i.failed = true
			}
		}
	}
}
