package cli

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

// runInstance joins the group, and runs the command while active. What is wrong
// is said by the log, once there is one.
func runInstance(c *cobra.Command, args []string) error {
	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	caught := signals.Catch(stop, zerolog.Nop()) // first: whoever starts it may have second thoughts
	defer caught.Close()

	p, err := newPlan(c, args)
	if err != nil {
		return err
	}
	err = p.run(ctx, caught)
	if _, said := judge(err); said {
		return err
	}
	p.log.Error().Msg(explain(err))
	return saidError{err}
}

func (p *plan) run(ctx context.Context, caught *signals.Handler) error {
	front, err := openFront(p.conf, p.version, p.log)
	if err != nil {
		return err
	}
	defer front.close(p.log)
	caught.Use(p.log, nil)

	deadline := time.Now().Add(p.conf.ConnectTimeout)
	opened, err := openRegistry(ctx, p.conf, informing(p.log))
	if err != nil {
		return unlessStopped(ctx, err)
	}
	reg := renewed(opened, p.conf, p.log)
	defer closeSoon(reg)

	in, err := newInstance(p, reg, front, max(time.Until(deadline), time.Second))
	if err != nil {
		return err
	}
	defer in.command.Close()
	if err := in.command.Prepare(ctx); err != nil {
		return unlessStopped(ctx, err)
	}
	caught.Use(p.log, in.kill)
	return in.run(ctx)
}

// unlessStopped is no error if somebody stopped what failed.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// instance is a member with its work, and those who are told of it.
type instance struct {
	member  *heartbeat.Member
	command *worker.Command
	hook    *hook
	systemd *notifier
	log     zerolog.Logger
}

func newInstance(p *plan, reg backend, front *front, join time.Duration) (*instance, error) {
	in := &instance{hook: p.hook, systemd: newNotifier(), log: p.log}
	var err error
	if in.command, err = worker.NewCommand(p.work); err != nil {
		return nil, err
	}
	in.member, err = heartbeat.New(heartbeat.Config{
		Registry: reg, Group: p.conf.Group, Timing: p.conf.Timing,
		Host: p.conf.Host, Version: p.version, Priority: p.conf.Priority, Command: p.print,
		Guard: in.command,
		OnRole: func(c heartbeat.Change) {
			front.role(c)
			in.systemd.role(c)
			in.hook.tell(c)
		},
		OnBeat: func(took time.Duration, err error) {
			front.beat(took, err)
			in.systemd.beat(err)
		},
		OnOrphan:    front.orphan,
		JoinTimeout: join,
		Log:         p.log,
		Author:      p.author,
	})
	if err != nil {
		return nil, err
	}
	if err := worker.BecomeSubreaper(); err != nil {
		p.log.Warn().Err(err).Msg("a command that outlives its guard could not be found again")
	}
	front.show(reg, in.member, in.command)
	return in, nil
}

// run is the membership, from joining to having left. Whoever is told of it
// hears of the end too; that is waited for when the term has been released.
func (in *instance) run(ctx context.Context) error {
	in.systemd.start(ctx, in.log, func() bool { return !in.member.State().Stuck })
	defer in.systemd.close()
	in.hook.start(in.log)
	defer in.hook.close()
	defer in.systemd.stopping()
	return in.member.Run(ctx, func(ctx context.Context, t registry.Term) error {
		return in.command.Run(ctx, t, in.member.Instance())
	})
}

// kill leaves nothing any time.
func (in *instance) kill() {
	in.command.Kill()
	in.hook.hurry()
}
