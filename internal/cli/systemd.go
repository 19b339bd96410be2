package cli

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

// notifier tells systemd, or whoever listens at NOTIFY_SOCKET in its place, how
// this instance is, and that its loop turns. Its methods do not block: what is
// to be said is kept, the latest of each kind, and said by a goroutine of its
// own. A nil notifier does nothing.
type notifier struct {
	log   zerolog.Logger
	alive func() bool
	every time.Duration // from one word to the watchdog to the next
	left  func() bool   // this instance was told to stop
	kick  chan struct{} // there is something to say, or the end
	said  chan struct{} // closed when it says no more

	mu      sync.Mutex
	isReady bool
	leaving bool
	closed  bool
	lines   []string // to be said
	status  string   // to be said

	// Of the goroutine alone.
	unheard bool // nobody could be told; the log has it
	stalled bool // the loop stands still; the log has it
	kept    bool // what could not be said is to be said again
}

// sayAgain is how long after a failure it is tried again.
const sayAgain = time.Second

// newNotifier returns nil where nobody listens.
func newNotifier() *notifier {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return nil
	}
	return &notifier{kick: make(chan struct{}, 1), said: make(chan struct{}), left: func() bool { return false }}
}

// start begins to say what there is to say and, if there is a watchdog, twice in
// its time that all is well, for as long as alive says so. When ctx ends, this
// instance is stopping. start is to be called once, and close after it.
func (n *notifier) start(ctx context.Context, log zerolog.Logger, alive func() bool) {
	if n == nil {
		return
	}
	context.AfterFunc(ctx, n.stopping)
	n.log, n.alive, n.left = log, alive, func() bool { return ctx.Err() != nil }
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn().Err(err).Msg("no watchdog")
	}
	watchdog := time.NewTimer(0)
	watchdog.Stop()
	if limit != 0 {
		n.every = max(limit/2, time.Millisecond)
		watchdog.Reset(n.every)
	}
	go func() {
		defer close(n.said)
		defer watchdog.Stop()
		for n.say() {
			var again <-chan time.Time
			if n.kept {
				again = time.After(sayAgain)
			}
			select {
			case <-n.kick:
			case <-again:
			case <-watchdog.C:
				watchdog.Reset(n.watch())
			}
		}
	}()
}

// beat takes the outcome of a beat: the first good one is the registration.
func (n *notifier) beat(err error) {
	if err == nil {
		n.ready()
	}
}

// ready says, once, that this instance is registered.
func (n *notifier) ready() {
	n.change(func() {
		if !n.isReady && !n.leaving {
			n.isReady = true
			n.lines, n.status = append(n.lines, daemon.SdNotifyReady), "passive, standing by"
		}
	})
}

// role says what this instance is now.
func (n *notifier) role(c heartbeat.Change) {
	n.change(func() {
		switch {
		case n.leaving, n.left(): // which is about to be said
		case c.Role == registry.Active:
			n.status = fmt.Sprintf("active in term %d", c.Term)
		default:
			n.status = "passive, standing by"
		}
	})
}

// stopping says, once, that this instance leaves.
func (n *notifier) stopping() {
	n.change(func() {
		if !n.leaving {
			n.leaving = true
			n.lines, n.status = append(n.lines, daemon.SdNotifyStopping), "stopping"
		}
	})
}

// close says what there is to say yet, the leaving included, within a second.
func (n *notifier) close() {
	if n == nil {
		return
	}
	n.stopping()
	n.change(func() { n.closed = true })
	select {
	case <-n.said:
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
	case n.kick <- struct{}{}:
	default:
	}
}

// watch says that all is well, if it is, and returns when to look again: soon, if
// it is not.
func (n *notifier) watch() time.Duration {
	if n.alive() {
		n.stalled = false
		n.change(func() { n.lines = append(n.lines, daemon.SdNotifyWatchdog) })
		return n.every
	}
	if !n.stalled {
		n.stalled = true
		n.log.Error().Msg("the loop stands still: systemd's watchdog will see to it")
	}
	return max(n.every/10, time.Millisecond)
}

// say says what is to be said. It is false at the end.
func (n *notifier) say() bool {
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
	if err != nil && !n.unheard {
		n.log.Warn().Err(err).Msg("systemd can't be told how this instance is")
	}
	n.unheard = err != nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // else there is nobody to tell
		n.keep(lines, status)
	}
	return more
}

// keep has what could not be said said again: not that all was well then, nor a
// status that is an older one now.
func (n *notifier) keep(lines []string, status string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == daemon.SdNotifyWatchdog })
	n.lines = append(lines, n.lines...)
	if n.status == "" {
		n.status = status
	}
	n.kept = true
}
