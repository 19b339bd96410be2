package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/pattern"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func newHandover() *cobra.Command {
	var o handoverOptions
	c := &cobra.Command{
		Use:   "handover",
		Short: "Ask the active instance to step down for another",
		Long: `Handover asks the active instance of UNDERSTUDY_GROUP to step down. That instance stops
its work, ends its term and stands by. Then the senior passive instance takes over, or
with --to the instance that you name. Runs of jobs that have a drain may finish first.

If no instance can take over, handover refuses. With --force it asks anyway. Then the
group may have no active instance for up to UNDERSTUDY_ORPHAN_AFTER, because the
instance that has stepped down does not compete for the next term during that time.

The request expires if the active instance does not read it in time: after 19 seconds
with the default timing. With --wait, handover waits until the next instance is active,
and says how long that took. Ctrl-C ends the waiting, and the request stays. If --to
names the active instance, there is nothing to do.

With --json, handover prints one object, whatever happens. It says whether the request
was made, names the instances, and has an error if there is one.`,
		Example: `  understudy handover --wait
  understudy handover --to db2 --wait      # a host with one instance
  understudy handover --to 9f3c1a          # 6 digits or more of a UUID, its end or its beginning`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("to") && o.to == "" {
				return usageError{errors.New("--to is empty: want a host or the UUID of an instance")}
			}
			defer signals.IgnorePipe()()
			return unlessGone(handover(c, o))
		},
	}
	c.Flags().StringVar(&o.to, "to", "", "the `INSTANCE` that is to take over: its UUID, 6 digits or more of that, or its host")
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until the next instance is active")
	c.Flags().BoolVar(&o.force, "force", false, "ask even if no instance can take over")
	addJSONFlag(c, &o.json)
	addPlaceFlags(c)
	_ = c.RegisterFlagCompletionFunc("to", completeTarget)
	return c
}

// plainWord matches text that means nothing else to any shell.
var plainWord = pattern.Lazy(`^\w[\w.-]*$`)

// completeTarget completes the hosts and UUIDs of the instances that may take over, if
// the registry answers soon. A host is untrusted text: one that is no plain word stays
// out of the command line.
func completeTarget(c *cobra.Command, _ []string, _ string) (list []cobra.Completion, _ cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
	defer cancel()
	cl, err := openClient(ctx, c, registry.Look)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer cl.close()
	g, _ := cl.readGroup(ctx, cl.conf.Group, 1)
	for _, in := range g.Instances {
		if in.Role != registry.Passive || in.Silent {
			continue
		}
		if plainWord().MatchString(in.Host) && !slices.Contains(list, in.Host) {
			list = append(list, in.Host)
		}
		list = append(list, in.ID.String())
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

type handoverOptions struct {
	to                string
	wait, force, json bool
}

func handover(c *cobra.Command, o handoverOptions) error {
	r, err := requestHandover(c, o)
	if err != nil {
		r.Error = explain(err)
	}
	if err := r.write(c.OutOrStdout(), o); unlessGone(err) != nil {
		return err
	}
	return err
}

// requestHandover returns the result as far as it came, also with an error.
func requestHandover(c *cobra.Command, o handoverOptions) (r handoverResult, err error) {
	ctx := c.Context()
	cl, err := openToAsk(ctx, c)
	if err != nil {
		return r, err
	}
	defer cl.close()
	r.Group = cl.conf.Group
	view, err := call(ctx, cl, func(ctx context.Context) (registry.View, error) { return cl.reg.View(ctx, cl.conf.Group) })
	if err != nil {
		return r, err
	}
	promise := promised(view, cl.conf.Timing)
	group, target, warning, err := cl.target(ctx, o, promise)
	for _, text := range []string{unreadRecord(group), warning} {
		if text != "" {
			cl.tell(text)
		}
	}
	if err != nil {
		return r, err
	}
	r.Term, r.From = group.Term, partyOf(group.Instances[0])
	if target.ID != uuid.Nil {
		r.Wanted = new(partyOf(target))
	}
	if r.Already = r.From.Instance == target.ID; r.Already {
		return r, nil
	}
	if o.wait {
		var stop func()
		ctx, stop = untilSignal(ctx)
		defer stop()
	}
	w := waiter{client: cl, term: group.Term, holder: r.From.name(), promise: promise}
	if o.wait {
		defer w.watch(ctx)()
	}
	begun := time.Now()
	if err := cl.requestHandover(ctx, group.Term, target.ID); err != nil {
		return r, interrupted(ctx, w.holder+" may have been asked", err)
	}
	r.Asked = true
	if !o.wait {
		return r, nil
	}
	next, err := w.wait(ctx)
	if next == nil {
		return r, err
	}
	r.Next = &successor{party{next.Holder, status.Visible(next.Host)}, next.Number, status.Seconds(time.Since(begun))}
	return r, r.check()
}

// unreadRecord returns a message about the record that could not be read, or "".
func unreadRecord(g status.Group) string {
	if g.Unread == "" {
		return ""
	}
	return "a record cannot be read: " + g.Unread
}

// openToAsk returns a client whose registry may be written to. A file that does not
// exist yet is an error, because there is no instance to ask.
func openToAsk(ctx context.Context, c *cobra.Command) (*client, error) {
	cl, err := openClient(ctx, c, registry.Ask)
	if err != nil {
		return nil, err
	}
	if cl.reg == nil {
		return nil, errors.New("there is no instance to ask: " + cl.where())
	}
	return cl, nil
}

// target reads the group and finds out which instance is to take over. An instance that
// has just handed over itself holds off until another one is active, and its next beat
// says that it competes again, so target waits for that beat.
func (cl *client) target(ctx context.Context, o handoverOptions, promise registry.Timing) (g status.Group, target status.Instance, warning string, err error) {
	read := func() (err error) {
		g, err = cl.readGroup(ctx, cl.conf.Group, 1)
		return err
	}
	for begun := time.Now(); ; {
		if err = cl.settle(ctx, read); err != nil {
			return g, target, "", err
		}
		target, warning, err = chooseTarget(g, o.to, false, promise.OrphanAfter)
		refused, ok := errors.AsType[*refusal](err)
		if !ok || !refused.holdsOff || time.Since(begun) > 2*promise.Interval || openregistry.Pause(ctx) != nil {
			break
		}
	}
	if err != nil && o.force {
		target, warning, err = chooseTarget(g, o.to, true, promise.OrphanAfter)
	}
	return g, target, warning, err
}

// requestHandover asks the holder of a term to hand over.
func (cl *client) requestHandover(ctx context.Context, term int64, to uuid.UUID) error {
	_, err := call(ctx, cl, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, cl.reg.RequestHandover(ctx, cl.conf.Group, term, to)
	})
	switch {
	case errors.Is(err, registry.ErrNoTerm):
		return fmt.Errorf("term %d ended just now: see who is active, and ask again", term)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the request may yet arrive: %w", err)
	}
	return err
}

// promised returns the timing that the holder of the latest term promised, or that of
// this configuration if its record does not say.
func promised(v registry.View, own registry.Timing) registry.Timing {
	if v.Holder != nil {
		if t, ok := v.Holder.Promise(); ok {
			return t
		}
	}
	return own
}
