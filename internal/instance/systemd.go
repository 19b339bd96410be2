package instance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
)

// notifier tells systemd, or whoever listens at NOTIFY_SOCKET in its place, that this
// instance is ready, what its role is, that it stops, and that its loop turns. Its
// methods do not block: they note the message, and a goroutine sends it. Of messages
// about the role only the latest is sent. A nil notifier does nothing.
type notifier struct {
	log   zerolog.Logger
	alive func() bool
	every time.Duration // between two messages to the watchdog; 0: there is none
	left  func() bool   // this instance was told to stop
	wake  chan struct{} // there is a message, or the end
	ended chan struct{} // closed when the goroutine has returned
	drain drainTime

	mu      sync.Mutex
	isReady bool
	leaving bool
	closed  bool
	lines   []string // to be sent
	status  string   // to be sent

	// Only the goroutine uses these.
	failing bool // the last message could not be sent, and the log says so
	stalled bool // the loop stands still, and the log says so
	kept    bool // messages that could not be sent are to be sent again
}

// sendAgain is how long after a failure the messages are sent again.
const sendAgain = time.Second

// newNotifier returns nil where nobody listens.
func newNotifier(log zerolog.Logger) *notifier {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return nil
	}
	return &notifier{
		log: log, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		left: func() bool { return false }, drain: drainTime{goesOn: func() bool { return false }},
	}
}

// start begins to send messages. If systemd has a watchdog for this instance, it also
// sends a sign of life twice within the watchdog's time, as long as alive returns true.
// When ctx ends, this instance is stopping.
// Start must be called once, and close after it.
func (n *notifier) start(ctx context.Context, alive func() bool) {
	if n == nil {
		return
	}
	context.AfterFunc(ctx, n.stopping)
	n.alive, n.left = alive, func() bool { return ctx.Err() != nil }
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		n.log.Warn().Err(err).Msg("the watchdog of systemd cannot be used")
	}
	watchdog := time.NewTimer(0)
	watchdog.Stop()
	if limit != 0 {
		n.every = max(limit/2, time.Millisecond)
		watchdog.Reset(n.every)
	}
	go func() {
		defer close(n.ended)
		defer watchdog.Stop()
		drain := time.NewTicker(extendEvery)
		defer drain.Stop()
		for n.send() {
			var again <-chan time.Time
			if n.kept {
				again = time.After(sendAgain)
			}
			select {
			case <-n.wake:
			case <-again:
			case <-watchdog.C:
				watchdog.Reset(n.watchdog())
			case <-drain.C:
				n.extend()
			}
		}
	}()
}

// beat takes the outcome of a beat. The first one that succeeds is the registration.
func (n *notifier) beat(err error) {
	if err == nil {
		n.ready()
	}
}

// ready sends, once, that this instance is registered.
func (n *notifier) ready() {
	n.change(func() {
		if !n.isReady && !n.leaving {
			n.isReady = true
			n.lines, n.status = append(n.lines, daemon.SdNotifyReady), "passive, standing by"
		}
	})
}

// role sends the role, unless this instance was told to stop, because it then sends that
// instead.
func (n *notifier) role(c heartbeat.Change) {
	n.change(func() {
		switch {
		case n.leaving, n.left():
		case c.Role == registry.Active:
			n.status = fmt.Sprintf("active in term %d", c.Term)
		default:
			n.status = "passive, standing by"
		}
	})
}

// stopping sends, once, that this instance leaves.
func (n *notifier) stopping() {
	n.change(func() {
		if !n.leaving {
			n.leaving = true
			n.lines, n.status = append(n.lines, daemon.SdNotifyStopping), "stopping"
		}
	})
}

// close sends what is left, with the message that this instance stops. It waits a second
// at most.
func (n *notifier) close() {
	if n == nil {
		return
	}
	n.stopping()
	n.change(func() { n.closed = true })
	select {
	case <-n.ended:
	case <-time.After(time.Second):
	}
}

func (n *notifier) change(f func()) {
	if n == nil {
		return
	}
	n.mu.Lock()
	f()
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// watchdog sends a sign of life if the loop turns, and returns when to check that next:
// soon, if the loop stands still.
func (n *notifier) watchdog() time.Duration {
	if n.alive() {
		n.stalled = false
		n.change(func() { n.lines = append(n.lines, daemon.SdNotifyWatchdog) })
		return n.every
	}
	if !n.stalled {
		n.stalled = true
		n.log.Error().Msg("the loop of this instance does not run: the watchdog of systemd will end this process")
	}
	return max(n.every/10, time.Millisecond)
}

// send sends the messages. It returns false at the end.
func (n *notifier) send() bool {
	n.mu.Lock()
	lines, status, more := n.lines, n.status, !n.closed
	n.lines, n.status = nil, ""
	n.mu.Unlock()
	n.kept = false
	if len(lines) == 0 && status == "" {
		return more
	}
	text := lines
	if status != "" {
		text = append(slices.Clone(lines), "STATUS="+status)
	}
	_, err := daemon.SdNotify(false, strings.Join(text, "\n"))
	if err != nil && !n.failing {
		n.log.Warn().Err(err).Msg("cannot send the state of this instance to systemd")
	}
	n.failing = err != nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // without a socket there is nobody to tell
		n.keep(lines, status)
	}
	return more
}

// keep notes messages again that could not be sent. It leaves out those to the watchdog
// and those that ask for time, which are about an instant that is over, and a status that a newer one has replaced.
func (n *notifier) keep(lines []string, status string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == daemon.SdNotifyWatchdog || strings.HasPrefix(l, extendTimeout) })
	n.lines = append(lines, n.lines...)
	if n.status == "" {
		n.status = status
	}
	n.kept = true
}
