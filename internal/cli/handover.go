package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func newHandover() *cobra.Command {
	var o handoverOptions
	c := &cobra.Command{
		Use:   "handover",
		Short: "Ask the active one to step down for another",
		Long: `Handover asks the active one of UNDERSTUDY_GROUP to step down. It stops its work,
ends its term and stands by, and the senior passive one takes over, or with --to
the instance that is named.

Where nobody could take over it refuses. With --force it asks all the same: then
nobody may be active for up to UNDERSTUDY_ORPHAN_AFTER, since the one that stepped
down does not compete for that long.

A request that the active one has not heard in time expires, with the default
timings after 19 seconds. With --wait, handover waits until another is active, and
says how long that took; after Ctrl-C the request stands. If --to names the active
one, there is nothing to do.

With --json it prints an object, whatever comes of it: asked, the parties, and on
a failure an error.`,
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
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until another is active")
	c.Flags().BoolVar(&o.force, "force", false, "ask even if nobody could take over")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	addWhere(c)
	_ = c.RegisterFlagCompletionFunc("to", completeHeir)
	return c
}

// word is what no shell takes for anything else.
var word = regexp.MustCompile(`^\w[\w.-]*$`)

// completeHeir completes the hosts and UUIDs of those who may take over, if the
// registry answers soon. Hosts are untrusted text: one that is no plain word stays
// out of the command line.
func completeHeir(c *cobra.Command, _ []string, _ string) (list []cobra.Completion, _ cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
	defer cancel()
	l, err := newLooker(c)
	if err == nil {
		err = l.open(ctx, registry.Look)
	}
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer l.close()
	g, _ := l.look(ctx, l.conf.Group, 1)
	for _, in := range g.Instances {
		if in.Role != registry.Passive || in.Silent {
			continue
		}
		if word.MatchString(in.Host) && !slices.Contains(list, in.Host) {
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

// requestHandover returns what came of it, as far as it came.
func requestHandover(c *cobra.Command, o handoverOptions) (r handoverResult, err error) {
	ctx := c.Context()
	l, err := newAsker(ctx, c)
	if err != nil {
		return r, err
	}
	defer l.close()
	r.Group = l.conf.Group
	view, err := reply(ctx, l, func(ctx context.Context) (registry.View, error) { return l.reg.View(ctx, l.conf.Group) })
	if err != nil {
		return r, err
	}
	promise := promised(view, l.conf.Timing)
	group, heir, warning, err := l.heir(ctx, o, promise)
	for _, text := range []string{unread(group), warning} {
		if text != "" {
			l.say(text)
		}
	}
	if err != nil {
		return r, err
	}
	r.Term, r.From = group.Term, partyOf(group.Instances[0])
	if heir.ID != uuid.Nil {
		r.Wanted = new(partyOf(heir))
	}
	if r.Already = r.From.Instance == heir.ID; r.Already {
		return r, nil
	}
	if o.wait {
		var stop func()
		ctx, stop = untilSignal(ctx)
		defer stop()
	}
	w := waiter{looker: l, term: group.Term, holder: r.From.name(), promise: promise}
	if o.wait {
		defer w.watch(ctx)()
	}
	begun := time.Now()
	if err := l.ask(ctx, group.Term, heir.ID); err != nil {
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
	return r, r.judge()
}

// unread says which record could not be read, if any.
func unread(g status.Group) string {
	if g.Unread == "" {
		return ""
	}
	return "a record cannot be read: " + g.Unread
}

// newAsker is a looker whose registry may be written to. A file that is not
// there yet is an error: nobody is there to be asked.
func newAsker(ctx context.Context, c *cobra.Command) (*looker, error) {
	l, err := newLooker(c)
	if err != nil {
		return nil, err
	}
	if err := l.open(ctx, registry.Ask); err != nil {
		return nil, err
	}
	if l.reg == nil {
		return nil, errors.New("nobody is there to be asked: " + l.where())
	}
	return l, nil
}

// heir looks for who is to take over. An instance that has just handed over
// itself holds off until another is active, and says at its next beat that it
// does no more: that beat is waited for.
func (l *looker) heir(ctx context.Context, o handoverOptions, promise registry.Timing) (g status.Group, heir status.Instance, warning string, err error) {
	look := func() (err error) {
		g, err = l.look(ctx, l.conf.Group, 1)
		return err
	}
	for begun := time.Now(); ; {
		if err = l.settle(ctx, look); err != nil {
			return g, heir, "", err
		}
		heir, warning, err = chooseHeir(g, o.to, false, promise.OrphanAfter)
		var refused *refusal
		if !errors.As(err, &refused) || !refused.holdsOff || time.Since(begun) > 2*promise.Interval || openregistry.Pause(ctx) != nil {
			break
		}
	}
	if err != nil && o.force {
		heir, warning, err = chooseHeir(g, o.to, true, promise.OrphanAfter)
	}
	return g, heir, warning, err
}

// ask asks the holder of a term to hand over.
func (l *looker) ask(ctx context.Context, term int64, to uuid.UUID) error {
	_, err := reply(ctx, l, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, l.reg.RequestHandover(ctx, l.conf.Group, term, to)
	})
	switch {
	case errors.Is(err, registry.ErrNoTerm):
		return fmt.Errorf("term %d ended just now: see who is active, and ask again", term)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the request may yet arrive: %w", err)
	}
	return err
}

// promised is what the holder of the latest term promised, or this
// configuration where its record does not say.
func promised(v registry.View, own registry.Timing) registry.Timing {
	if v.Holder != nil {
		if t, ok := v.Holder.Promise(); ok {
			return t
		}
	}
	return own
}
