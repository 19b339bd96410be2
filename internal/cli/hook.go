package cli

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
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

const (
	hookLimit = 10 * time.Second      // for one run, and at the end for all that are left
	hookDelay = 50 * time.Millisecond // leaves the processor to the work that starts, or the peer's
	hookQueue = 16                    // changes that may wait
)

// hook runs the program of UNDERSTUDY_ON_CHANGE at each change of this
// instance's role: one run at a time, in order, each for hookLimit at most.
// Changes that come faster than that wait; of more than hookQueue the oldest is
// left out, for it is the last that counts. Nothing waits for it but the end of
// the process, see [hook.close]. A nil hook does nothing.
type hook struct {
	task   worker.Task
	last   time.Duration // what close waits
	log    zerolog.Logger
	served chan struct{} // closed when it runs no more

	mu      sync.Mutex
	told    *sync.Cond // of mu: there is a change, or the end
	changes []heartbeat.Change
	dropped int
	closing bool
	hurried bool               // a second signal came before close
	kill    context.CancelFunc // of the run under way
}

// newHook finds the program, so that a mistake is known at the start. A nil hook
// is none. The error is a *config.Error.
func newHook(c config.Config) (*hook, error) {
	args := strings.Fields(c.OnChange)
	if len(args) == 0 {
		return nil, nil
	}
	path, err := findProgram(args[0])
	if err != nil {
		return nil, &config.Error{Mistakes: []string{fmt.Sprintf(
			"UNDERSTUDY_ON_CHANGE=%q: %v: want a program that can be executed, and its arguments, separated by spaces", args[0], err)}}
	}
	h := &hook{
		task: worker.Task{
			Path: path, Dir: worker.WorkingDir(), Args: args, Limit: hookLimit,
			Extra: []string{config.EnvGroup + "=" + c.Group, "UNDERSTUDY_HOST=" + c.Host},
		},
		last: hookLimit, served: make(chan struct{}), kill: func() {},
	}
	h.told = sync.NewCond(&h.mu)
	return h, nil
}

// start begins to run what tell is told. It is to be called once, and close
// after it.
func (h *hook) start(log zerolog.Logger) {
	if h == nil {
		return
	}
	h.log, h.task.Log = log, log
	go func() {
		defer close(h.served)
		for {
			ctx, c, dropped := h.next()
			if dropped > 0 {
				h.log.Warn().Int("left_out", dropped).Msg("UNDERSTUDY_ON_CHANGE is slower than the changes of role: some are not told")
			}
			if ctx == nil {
				return
			}
			time.Sleep(hookDelay)
			h.run(ctx, c)
		}
	}()
}

// tell has the program run. It never blocks.
func (h *hook) tell(c heartbeat.Change) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes = append(h.changes, c)
	h.keep(hookQueue)
	h.told.Signal()
}

// keep leaves out the oldest changes.
func (h *hook) keep(n int) {
	if more := len(h.changes) - n; more > 0 {
		h.changes = h.changes[more:]
		h.dropped += more
	}
}

// next waits for a change, and returns with it the context of its run and how
// many before it were left out. At the end there is no context.
func (h *hook) next() (ctx context.Context, c heartbeat.Change, dropped int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kill()
	for len(h.changes) == 0 && !h.closing {
		h.told.Wait()
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
		config.EnvTerm+"="+strconv.FormatInt(c.Term, 10), config.EnvInstance+"="+c.Instance.String())
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

// close waits until the last change has been told, for hookLimit and a moment to
// die. A run under way gets half of that, if one has to come after it.
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
	h.told.Signal()
	defer slow(informing(h.log), "waiting for UNDERSTUDY_ON_CHANGE; SIGTERM, SIGINT or SIGQUIT once more kills it")()
	if waits {
		defer time.AfterFunc(last/2, kill).Stop()
	}
	defer time.AfterFunc(last, h.hurry).Stop()
	select {
	case <-h.served:
	case <-time.After(last + 2*time.Second):
		h.log.Warn().Msg("UNDERSTUDY_ON_CHANGE does not die: its guard goes on killing it")
	}
}

// hurry kills what runs and forgets what waits. Before close there is work that
// the signal is meant for: then close will not wait long.
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
