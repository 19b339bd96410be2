package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

const (
	// lookTimeout is what a registry gets to show one group.
	lookTimeout = 5 * time.Second
	// doubtLimit is how long it is waited for a beat of those whose heartbeat proves
	// nothing.
	doubtLimit = 30 * time.Second
)

// looker shows people what is in a registry.
type looker struct {
	conf   config.Config
	stderr io.Writer
	admin  registry.Admin
	reg    registry.Backend            // nil: there is no file yet, and admin knows of nothing
	seen   map[string]*status.Observer // of the groups that were looked at

	showEnded bool            // also the groups that are over
	shown     map[string]bool // groups, so far
}

// newLooker loads the configuration. The registry is not open yet.
func newLooker(c *cobra.Command) (*looker, error) {
	stderr := c.ErrOrStderr()
	conf, warnings, err := loadConfig(c)
	l := &looker{conf: conf, stderr: stderr, admin: nowhere{}}
	l.showEnded, _ = c.Flags().GetBool("ended") // false where there is no such flag
	for _, w := range warnings {
		l.say(w)
	}
	return l, err
}

// say tells people something beside the data.
func (l *looker) say(text string) { fmt.Fprintf(l.stderr, "understudy: %s\n", text) }

// open opens the configured registry. A file that is not there yet is an empty
// registry: reg stays nil, and where says so.
func (l *looker) open(ctx context.Context, access registry.Access) error {
	reg, err := openregistry.Open(ctx, l.conf, access, l.say)
	switch {
	case openregistry.Missing(err):
		return nil
	case err != nil:
		return err
	}
	l.admin, l.reg = reg, reg
	return nil
}

func (l *looker) close() {
	if l.reg != nil {
		openregistry.Close(l.reg)
	}
}

// nowhere is a registry that nobody has used yet.
type nowhere struct{ registry.Admin }

func (nowhere) Groups(context.Context) ([]string, error) { return nil, nil }

func (nowhere) Terms(context.Context, string, int) ([]registry.Term, error) { return nil, nil }

func (nowhere) Instances(context.Context, string) ([]registry.Instance, time.Time, error) {
	return nil, time.Now(), nil
}

func (nowhere) Info(context.Context) (registry.Info, error) {
	return registry.Info{At: time.Now()}, nil
}

// look takes a picture of a group with n terms. The error is an
// [openregistry.UnavailableError] unless it is about a record.
func (l *looker) look(ctx context.Context, group string, n int) (status.Group, error) {
	observer := l.seen[group]
	if observer == nil {
		if observer = new(status.Observer); l.seen == nil {
			l.seen = map[string]*status.Observer{}
		}
		l.seen[group] = observer
	}
	return reply(ctx, l, func(ctx context.Context) (status.Group, error) {
		return observer.Look(ctx, l.admin, group, n)
	})
}

// forget forgets what was seen of all groups but those.
func (l *looker) forget(but []string) {
	maps.DeleteFunc(l.seen, func(group string, _ *status.Observer) bool { return !slices.Contains(but, group) })
}

// settle looks, and looks again while that may tell whether those live whose
// heartbeat is ahead of the registry's clock.
func (l *looker) settle(ctx context.Context, look func() error) error {
	err := look()
	if err != nil || l.doubt() == 0 {
		return err
	}
	defer logging.Slow(l.say, "the registry's clock was set back: waiting to see who beats")()
	for begun := time.Now(); err == nil && time.Since(begun) < doubtLimit && openregistry.Pause(ctx) == nil; {
		if err = look(); l.doubt() == 0 {
			break
		}
	}
	return err
}

// doubt is how long the latest looks leave it open who lives.
func (l *looker) doubt() (d time.Duration) {
	for _, observer := range l.seen {
		d = max(d, observer.Doubt())
	}
	return d
}

func (l *looker) groups(ctx context.Context) ([]string, error) {
	return reply(ctx, l, l.admin.Groups)
}

// reply asks the registry, and explains why there is no answer.
func reply[T any](ctx context.Context, l *looker, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lookTimeout, fmt.Errorf("no answer within %v", lookTimeout))
	defer cancel()
	answer, err := ask(ctx)
	switch {
	case err == nil, registry.Unreadable(err):
		return answer, err
	case ctx.Err() != nil:
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return answer, openregistry.UnavailableError{Err: fmt.Errorf("registry %s: %w", l.conf.Registry, err)}
}

// where says where nothing was found.
func (l *looker) where() string {
	text := "looked in " + l.conf.Registry.String()
	if l.conf.Registry.Implicit {
		text += ", the default: this user on this machine only (UNDERSTUDY_REGISTRY names another)"
	}
	if l.reg == nil {
		text += "; there is no such file yet"
	}
	return text
}

// slowly says after two seconds that an answer is awaited.
func (l *looker) slowly() (over func()) {
	return logging.Slow(l.say, "waiting for an answer of "+l.conf.Registry.String())
}
