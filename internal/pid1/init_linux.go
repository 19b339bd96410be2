package pid1

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/procfs"
)

// othersTime is how long init waits for processes other than guards after the
// program has ended. A test changes it.
var othersTime = 10 * time.Second

// guardCheck is how often init looks whether a guard is left after othersTime.
const guardCheck = 100 * time.Millisecond

// Main is called in process 1 only. It runs this program as a child, with the same
// arguments, and is its init until no process is left that it has to wait for. It
// returns the program's exit code: 128+n if signal n ended the program, 70 if it
// could not be started.
func Main() int {
	deaths, signals := make(chan os.Signal, 1), make(chan os.Signal, 64) // two channels, so that many deaths cannot displace an order
	signal.Notify(deaths, unix.SIGCHLD)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGCONT)
	pid, err := start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "understudy: init: %v\n", err)
		return exitcode.Stuck
	}
	i := &initProcess{pid: pid, watched: make(map[int]bool), guardDied: make(chan int, 64)}
	scans := time.NewTicker(scanEvery)
	defer scans.Stop()
	var othersLate <-chan time.Time // fires when init waits for guards only
	for !i.reap() {
		i.watch()
		if i.pid == 0 && othersLate == nil {
			othersLate = time.After(othersTime)
		}
		select {
		case <-deaths:
		case <-scans.C:
		case guard := <-i.guardDied:
			delete(i.watched, guard)
		case sig := <-signals:
			switch {
			case i.pid != 0:
				_ = unix.Kill(i.pid, sig.(syscall.Signal))
				if sig != unix.SIGUSR1 && sig != unix.SIGUSR2 { // an order, which a stopped program does not handle
					i.resume()
				}
			case sig == unix.SIGTERM, sig == unix.SIGINT, sig == unix.SIGQUIT:
				return i.code
			}
		case <-othersLate:
			if !hasGuard() {
				return i.code
			}
			othersLate = time.After(guardCheck)
		}
	}
	return i.code
}

// start runs the program in a process group of its own, which becomes the
// foreground group of the terminal if there is one: then Ctrl-C reaches the program
// once, and not a second time through init.
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
	_ = unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, pid) // fails if there is no terminal
	return pid, nil
}

// TakeName gives the child of an init the program's name as its comm, since the
// kernel took the name of the link by which the child was executed. It does nothing
// in other processes.
func TakeName() {
	if os.Getenv(config.EnvUnderInit) != "" {
		_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0)
	}
}

// initProcess is the first process of a PID namespace.
type initProcess struct {
	pid  int // of the program, until it is reaped
	code int // its exit code

	watched   map[int]bool // the program's guards that a goroutine waits for
	guardDied chan int
	failed    bool // the program was killed, or a guard did not exit with 0
}

// resume resumes the program if it is stopped.
func (i *initProcess) resume() { _ = unix.Kill(-i.pid, unix.SIGCONT) }

// reap reaps the dead, and reports whether nobody is left. It resumes the program
// after Ctrl-Z on a terminal.
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
				i.code = exitcode.Signal + int(ws.Signal())
				i.failed = true
			}
		}
	}
}
