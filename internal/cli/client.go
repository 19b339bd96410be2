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
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

const (
	// callTimeout bounds one question to the registry.
	callTimeout = 5 * time.Second
	// doubtLimit bounds how long to wait for a beat of instances whose heartbeat proves
	// nothing.
	doubtLimit = 30 * time.Second
)

// client reads a registry for the subcommands that show or ask something.
type client struct {
	conf      config.Config
	stderr    io.Writer
	admin     registry.Admin
	reg       store.Backend               // nil while there is no file: then admin is empty
	observers map[string]*status.Observer // by group

	showEnded bool            // show groups that have ended, too
	shown     map[string]bool // the groups that were shown before
}

// newClient loads the configuration and prints its warnings. The registry is not open
// yet.
func newClient(c *cobra.Command) (*client, error) {
	conf, warnings, err := loadConfig(c)
	cl := &client{conf: conf, stderr: c.ErrOrStderr(), admin: emptyRegistry{}}
	cl.showEnded, _ = c.Flags().GetBool("ended") // false where there is no such flag
	for _, w := range warnings {
		cl.tell(w)
	}
	return cl, err
}

// tell prints a message for people. It goes to stderr, since stdout has the data.
func (cl *client) tell(text string) { fmt.Fprintf(cl.stderr, "understudy: %s\n", text) }

// open opens the configured registry. A file that does not exist yet is an empty
// registry: reg stays nil, and where says so.
func (cl *client) open(ctx context.Context, access registry.Access) error {
	reg, err := openregistry.Open(ctx, cl.conf, access, cl.tell)
	switch {
	case openregistry.Missing(err):
		return nil
	case err != nil:
		return err
	}
	cl.admin, cl.reg = reg, reg
	return nil
}

// openClient returns a client whose registry is open.
func openClient(ctx context.Context, c *cobra.Command, a registry.Access) (*client, error) {
	cl, err := newClient(c)
	if err != nil {
		return nil, err
	}
	return cl, cl.open(ctx, a)
}

func (cl *client) close() {
	if cl.reg != nil {
		openregistry.Close(cl.reg)
	}
}

// emptyRegistry is a registry that nobody has used yet.
type emptyRegistry struct{ registry.Admin }

func (emptyRegistry) Groups(context.Context) ([]string, error) { return nil, nil }

func (emptyRegistry) Terms(context.Context, string, int) ([]registry.Term, error) { return nil, nil }

func (emptyRegistry) Instances(context.Context, string) ([]registry.Instance, time.Time, error) {
	return nil, time.Now(), nil
}

func (emptyRegistry) Info(context.Context) (registry.Info, error) {
	return registry.Info{At: time.Now()}, nil
}

// readGroup reads a group with its latest n terms. The error is an
// [openregistry.UnavailableError] unless it is about a record.
func (cl *client) readGroup(ctx context.Context, group string, n int) (status.Group, error) {
	observer := cl.observers[group]
	if observer == nil {
		if observer = new(status.Observer); cl.observers == nil {
			cl.observers = map[string]*status.Observer{}
		}
		cl.observers[group] = observer
	}
	return call(ctx, cl, func(ctx context.Context) (status.Group, error) {
		return observer.Observe(ctx, cl.admin, group, n)
	})
}

// forget forgets what was observed of all groups but those.
func (cl *client) forget(but []string) {
	maps.DeleteFunc(cl.observers, func(group string, _ *status.Observer) bool { return !slices.Contains(but, group) })
}

// settle calls read. If the clock of the registry was set back, the heartbeats from
// before are ahead of it, and one reading does not show who is alive. Then settle calls
// read again until beats show it, for at most doubtLimit.
func (cl *client) settle(ctx context.Context, read func() error) error {
	err := read()
	if err != nil || cl.doubt() == 0 {
		return err
	}
	defer logging.Slow(cl.tell, "the registry's clock was set back: waiting to see who beats")()
	for begun := time.Now(); err == nil && time.Since(begun) < doubtLimit && openregistry.Pause(ctx) == nil; {
		if err = read(); cl.doubt() == 0 {
			break
		}
	}
	return err
}

// doubt returns how long it takes until another reading can show who is alive: the longest
// time that the observer of a group needs. 0: it is known.
func (cl *client) doubt() (d time.Duration) {
	for _, observer := range cl.observers {
		d = max(d, observer.Doubt())
	}
	return d
}

func (cl *client) groupNames(ctx context.Context) ([]string, error) {
	return call(ctx, cl, cl.admin.Groups)
}

// call asks the registry something, and explains why there is no answer.
func call[T any](ctx context.Context, cl *client, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, fmt.Errorf("no answer within %v", callTimeout))
	defer cancel()
	answer, err := ask(ctx)
	switch {
	case err == nil, registry.Unreadable(err):
		return answer, err
	case ctx.Err() != nil:
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return answer, openregistry.UnavailableError{Err: fmt.Errorf("registry %s: %w", cl.conf.Registry, err)}
}

// where returns a message that names the registry in which nothing was found.
func (cl *client) where() string {
	text := "the registry is " + cl.conf.Registry.String()
	if cl.conf.Registry.Implicit {
		text += ", the default: this user on this machine only (UNDERSTUDY_REGISTRY names another)"
	}
	if cl.reg == nil {
		text += "; there is no such file yet"
	}
	return text
}

// tellIfSlow prints a message if over is not called within two seconds.
func (cl *client) tellIfSlow() (over func()) {
	return logging.Slow(cl.tell, "waiting for an answer from "+cl.conf.Registry.String())
}
