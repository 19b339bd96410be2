package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

// runInstance joins the group, and runs the command while active.
func runInstance(c *cobra.Command, args []string) error {
	conf, warnings, err := config.Load()
	if err != nil {
		return err
	}
	bare := newLogger(conf, c.ErrOrStderr())
	log := bare.With().Str("instance", "").Str("group", conf.Group).Str("role", string(registry.Passive)).Int64("term", 0).Logger()
	for _, w := range warnings {
		log.Warn().Msg(w)
	}
	spec, err := commandSpec(conf, args)
	if err != nil {
		return err
	}
	hook, err := newHook(conf)
	if err != nil {
		return err
	}
	scope := ""
	if conf.Registry.Implicit {
		scope = ": this user on this machine only"
	}
	log.Info().Msgf("registry %s%s", conf.Registry, scope)

	front, err := openFront(conf, c.Root().Version, bare)
	if err != nil {
		return err
	}
	defer front.close(log)

	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	signals := catchSignals(stop, log)
	defer signals.stop()

	deadline := time.Now().Add(conf.ConnectTimeout)
	reg, err := openRegistry(ctx, conf, log)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = reg.Close(ctx)
	}()

	var (
		command  *worker.Command
		member   *heartbeat.Member
		notifier = newNotifier()
	)
	membership := heartbeat.Config{
		Registry: reg, Group: conf.Group, Timing: conf.Timing,
		Host: conf.Host, Version: c.Root().Version, Priority: conf.Priority, Command: fingerprint(args),
		Guarded:     true,
		OnLease:     func(until time.Duration) { command.Extend(until) },
		OnKill:      func() { command.Kill() },
		JoinTimeout: max(time.Until(deadline), time.Second),
		Log:         bare,
	}
	front.listen(&membership)
	hook.listen(&membership, func() uuid.UUID { return member.Instance() })
	notifier.listen(&membership)
	if member, err = heartbeat.New(membership); err != nil {
		return err
	}
	spec.Log = member.Logger()
	if command, err = worker.NewCommand(spec); err != nil {
		return err
	}
	defer command.Close()
	if err := worker.BecomeSubreaper(); err != nil {
		log.Warn().Err(err).Msg("a command that outlives its guard could not be found again")
	}
	if err := command.Prepare(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	notifier.start(ctx, member.Logger(), func() bool { return !member.State().Stuck })
	defer notifier.close()
	hook.start(member.Logger())
	defer hook.close()
	defer notifier.stopping()
	signals.use(member.Logger(), func() {
		command.Kill()
		hook.hurry()
	})
	front.show(reg, member, command)
	return member.Run(ctx, func(ctx context.Context, t registry.Term) error {
		return workResult(command.Run(ctx, t, member.Instance()))
	})
}

// commandSpec says what an active instance runs: the command, resolved now so
// that a passive instance fails at start and not at its promotion, or the
// built-in demo work.
func commandSpec(conf config.Config, args []string) (worker.Spec, error) {
	spec := worker.Spec{
		Env:     os.Environ(),
		Restart: worker.Policy(conf.Restart),
		Timing:  conf.Timing,
	}
	if len(args) == 0 {
		self, err := os.Executable()
		if err != nil {
			return spec, fmt.Errorf("path of this program: %w", err)
		}
		spec.Path, spec.Args = self, []string{"understudy", "tick"}
		return spec, nil
	}
	path, err := worker.Resolve(args[0])
	spec.Path, spec.Args = path, args
	return spec, err
}

// fingerprint tells apart what different instances run.
func fingerprint(args []string) string {
	sum := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// workResult puts the command's end into the words of the protocol.
func workResult(err error) error {
	var exit *worker.Exit
	switch {
	case errors.As(err, &exit):
		return &heartbeat.WorkExit{Code: exit.Code}
	case errors.Is(err, worker.ErrFailed):
		return fmt.Errorf("%w: %w", heartbeat.ErrWorkFailing, err)
	}
	return err
}

// slow says that something goes on, if it is not over within two seconds.
func slow(log zerolog.Logger, what string) (over func()) {
	t := time.AfterFunc(2*time.Second, func() { log.Info().Msg(what) })
	return func() { t.Stop() }
}
