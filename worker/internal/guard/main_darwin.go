package guard

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

const connFD = 3 // the socket to Understudy

func init() {
	if !isGuard() {
		return
	}
	syscall.Exit(serve()) // without the exit hooks of the host program
}

// serve is the guard's main loop. It returns the exit code of the guard.
func serve() int {
	syscall.CloseOnExec(connFD)
	_ = syscall.SetNonblock(connFD, true)
	s := &server{conn: os.NewFile(connFD, "understudy")}
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT, unix.SIGPIPE)
	messages := make(chan message)
	go func() {
		defer close(messages)
		_ = s.receive(func(m message) { messages <- m })
	}()
	s.send(message{kind: msgReady})

	exited := make(chan struct{})
	tick := time.NewTicker(20 * time.Millisecond)
	outside := false // somebody signalled this process
	var diedAt time.Duration
	for {
		select {
		case m, ok := <-messages:
			switch {
			case !ok && s.pid == 0:
				return 0
			case !ok, m.kind == msgKill && s.pid != 0:
				s.setWhy(Asked)
				return s.kill()
			case m.kind == msgPing && s.pid == 0:
				s.send(message{kind: msgReady})
			case m.kind == msgOrder && s.pid == 0:
				if !s.start(m, exited) {
					return 0
				}
			case m.kind == msgExtend:
				s.extend(time.Duration(m.numbers[0]))
			case m.kind == msgStop:
				s.stop(time.Duration(m.numbers[0]), Asked)
			}
		case <-exited:
			exited, diedAt = nil, boottime.Now()
			if s.isOver(diedAt, outside) {
				return s.kill()
			}
		case sig := <-signals:
			outside = outside || s.pid != 0 && sig != unix.SIGPIPE
		case <-tick.C:
			if s.pid == 0 {
				continue
			}
			now := boottime.Now()
			if now >= s.lease-s.grace {
				s.stop(s.lease-s.margin, Expired)
			}
			if s.limit != 0 && now >= s.limit && diedAt == 0 {
				s.stop(now+s.limitGrace, TimedOut)
			}
			if now >= s.lease-s.margin || s.killAt != 0 && now >= s.killAt {
				return s.kill()
			}
			if diedAt == 0 {
				_ = s.descendants.scan(s.pid) // after an error, the next tick scans again
			} else if s.isOver(diedAt, outside) {
				return s.kill()
			}
		}
	}
}
