package instance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

const (
	hookLimit = 10 * time.Second      // for one run, and for all that are left at the end
	hookDelay = 50 * time.Millisecond // leaves the processor to the work that starts, here or on a peer
	hookQueue = 16                    // how many changes may wait
)

// hookSpec describes the program of UNDERSTUDY_ON_CHANGE. Without a path there is none.
type hookSpec struct {
	path  string
	args  []string
	extra []string // environment
}

// newHookSpec finds the program, so that a mistake shows when the instance starts. The
// error is a [*config.Error].
func newHookSpec(c config.Config) (hookSpec, error) {
	args := strings.Fields(c.OnChange)
	if len(args) == 0 {
		return hookSpec{}, nil
	}
	path, err := findProgram(args[0])
	if err != nil {
		return hookSpec{}, &config.Error{Mistakes: []string{fmt.Sprintf(
			"%s=%q: %v: want a program that can be executed, and its arguments, separated by spaces", config.EnvOnChange, args[0], err)}}
	}
	return hookSpec{path: path, args: args, extra: []string{config.EnvGroup + "=" + c.Group, config.EnvHost + "=" + c.Host}}, nil
}

// hook runs the program of UNDERSTUDY_ON_CHANGE at each change of this instance's role,
// one run at a time and in order, each for hookLimit at most. Changes that come during a
// run wait. When more than hookQueue wait, the oldest is left out, because the last one
// is what counts. Only the end of the process waits for the hook, see [hook.close]. A
// nil hook does nothing.
type hook struct {
	task  worker.Task
	last  time.Duration // how long close waits
	log   zerolog.Logger
	ended chan struct{} // closed when no run comes any more

	mu      sync.Mutex
	changed *sync.Cond // of mu: there is a change, or the end
	changes []heartbeat.Change
	dropped int
	closing bool
	hurried bool               // hurry was called before close
	kill    context.CancelFunc // ends the current run
}

// newHook returns nil if there is no program.
func newHook(s hookSpec, log zerolog.Logger) *hook {
	if s.path == "" {
		return nil
	}
	h := &hook{
		task: worker.Task{Path: s.path, Dir: worker.WorkingDir(), Args: s.args, Extra: s.extra, Limit: hookLimit, Log: log},
		last: hookLimit, log: log, ended: make(chan struct{}), kill: func() {},
	}
	h.changed = sync.NewCond(&h.mu)
	return h
}

// start begins to run the program for the changes that come. It must be called once, and
// close after it.
func (h *hook) start() {
	if h == nil {
		return
	}
	go func() {
		defer close(h.ended)
		for {
			ctx, c, dropped := h.next()
			if dropped > 0 {
				h.log.Warn().Int("left_out", dropped).Msg("UNDERSTUDY_ON_CHANGE is slower than the changes of role: it was not run for some of them")
			}
			if ctx == nil {
				return
			}
			time.Sleep(hookDelay)
			h.run(ctx, c)
		}
	}()
}

// role takes a change of role, for which the program runs soon. It never blocks.
func (h *hook) role(c heartbeat.Change) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes = append(h.changes, c)
	h.keep(hookQueue)
	h.changed.Signal()
}

// keep leaves out the oldest changes, so that n are left.
func (h *hook) keep(n int) {
	if more := len(h.changes) - n; more > 0 {
		h.changes = h.changes[more:]
		h.dropped += more
	}
}

// next waits for a change. It returns the change, a context for its run, and how many
// changes before it were left out. At the end the context is nil.
func (h *hook) next() (ctx context.Context, c heartbeat.Change, dropped int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kill() // frees the context of the run before
	for len(h.changes) == 0 && !h.closing {
		h.changed.Wait()
	}
	dropped, h.dropped = h.dropped, 0
	if len(h.changes) == 0 {
		return nil, c, dropped
	}
	c, h.changes = h.changes[0], h.changes[1:]
	ctx, h.kill = context.WithCancel(context.Background())
	return ctx, c, dropped
}

func (h *hook) run(ctx context.Context, c heartbeat.Change) {
	task := h.task
	task.Extra = append(task.Extra[:len(task.Extra):len(task.Extra)],
		config.EnvOldRole+"="+string(other(c.Role)), config.EnvNewRole+"="+string(c.Role), config.EnvReason+"="+string(c.Reason),
		config.EnvPreviousReason+"="+string(c.Previous), config.EnvTerm+"="+strconv.FormatInt(c.Term, 10), config.EnvInstance+"="+c.Instance.String())
	begin := time.Now()
	code, err := task.Run(ctx)
	log := h.log.With().Str("program", task.Path).Str("change", fmt.Sprintf("%s, term %d", c.Role, c.Term)).
		Stringer("took", time.Since(begin).Round(time.Millisecond)).Logger()
	switch {
	case errors.Is(err, worker.ErrLimit):
		log.Warn().Msgf("UNDERSTUDY_ON_CHANGE took longer than %v: killed, with all that it had started", task.Limit)
	case err != nil && ctx.Err() != nil:
		log.Warn().Msg("UNDERSTUDY_ON_CHANGE killed before it was done: this process ends")
	case err != nil:
		log.Warn().Err(err).Msg("UNDERSTUDY_ON_CHANGE could not run")
	case code != 0:
		log.Warn().Int("code", code).Msg("UNDERSTUDY_ON_CHANGE failed")
	default:
		log.Debug().Msg("UNDERSTUDY_ON_CHANGE done")
	}
}

func other(r registry.Role) registry.Role {
	if r == registry.Active {
		return registry.Passive
	}
	return registry.Active
}

// close lets the current run end and runs the program for the last change, within
// hookLimit in all. If the last change still has to come, the current run is killed
// after half of that time. A run that is killed gets a moment to die.
func (h *hook) close() {
	if h == nil {
		return
	}
	h.mu.Lock()
	h.closing = true
	h.keep(1)
	waits := len(h.changes) > 0
	kill, last := h.kill, h.last
	if h.hurried {
		last = min(last, time.Second)
	}
	h.mu.Unlock()
	h.changed.Signal()
	defer logging.Slow(logging.Info(h.log), "waiting for UNDERSTUDY_ON_CHANGE; another SIGTERM, SIGINT or SIGQUIT kills it")()
	if waits {
		defer time.AfterFunc(last/2, kill).Stop()
	}
	defer time.AfterFunc(last, h.hurry).Stop()
	select {
	case <-h.ended:
	case <-time.After(last + 2*time.Second):
		h.log.Warn().Msg("UNDERSTUDY_ON_CHANGE does not die: its guard goes on killing it")
	}
}

// hurry is called for the signal that kills the work. Before close it only shortens
// close, because the signal is meant for the work. During close it kills the current run
// and forgets the changes that wait.
func (h *hook) hurry() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hurried = true
	if h.closing {
		h.changes = nil
		h.kill()
	}
}
