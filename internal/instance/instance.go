package instance

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

// minJoin is the least time that the first registration gets, however long it took to
// reach the registry.
const minJoin = time.Second

// afterWork is how long the shutdown takes at most once the work is gone: 7 s to release
// the term, and 12 s for UNDERSTUDY_ON_CHANGE.
const afterWork = 19 * time.Second

// Run runs an instance until a signal or ctx stops it, or until its work is over: the
// whole life of an instance, from the first line of its log to the last. An error that
// ends it is in the log already, and the caller needs it for the exit code only.
func (p Plan) Run(ctx context.Context, caught *signals.Catcher, stderr io.Writer, warnings []string) (err error) {
	author := heartbeat.NewAuthor(p.conf.Group)
	log := logging.New(stderr, p.conf.LogLevel, p.conf.LogFormat).Hook(author)
	defer func() { logEnd(log, err) }()
	p.logStart(log, warnings)

	work, err := p.newWork(log)
	if err != nil {
		return err
	}
	hook := newHook(p.hook, log)

	var joined atomic.Pointer[heartbeat.Member]
	ctx, undo := caught.Obey(ctx, log, func() { kill(joined.Load(), work, hook) })
	defer undo()

	admin, err := startAdminServer(p.conf, p.version, log)
	if err != nil {
		return err
	}
	defer admin.close()

	if err := worker.BecomeSubreaper(); err != nil {
		log.Warn().Err(err).Msg("cannot become a subreaper: a command that outlives its guard would not be found")
	}
	prepared := work.startPreparing(ctx)
	closeWork := func() {
		_ = prepared()
		work.close()
	}

	joinBy := time.Now().Add(p.conf.ConnectTimeout)
	opened, err := openregistry.Open(ctx, p.conf, registry.Join, logging.Info(log))
	if err != nil {
		closeWork()
		return unlessStopped(ctx, err)
	}
	reg := openregistry.Renewing(opened, p.conf, log)
	defer openregistry.Close(reg)
	defer closeWork()

	if err := p.addJobs(work, reg, admin, log); err != nil {
		return err
	}
	if err := prepared(); err != nil {
		return unlessStopped(ctx, err)
	}

	notifier := newNotifier(log)
	to := listeners{admin, hook, notifier, work}
	member, err := heartbeat.New(heartbeat.Config{
		Registry: reg, Group: p.conf.Group, Timing: p.conf.Timing,
		Host: p.conf.Host, Version: p.version, Priority: p.conf.Priority, Command: p.print,
		Guard: work, Drain: work.drainer(),
		OnRole: to.role, OnBeat: to.beat, OnTime: to.time, OnOrphan: to.orphan,
		JoinTimeout: max(time.Until(joinBy), minJoin),
		Log:         log, Author: author,
	})
	if err != nil {
		return err
	}
	joined.Store(member)
	admin.show(reg, member, work)

	notifier.drains(func() bool { return member.State().Draining }, p.conf.Timing.StopGrace+afterWork)
	notifier.start(ctx, func() bool { return !member.State().Stuck })
	defer notifier.close()
	hook.start()
	defer hook.close()
	defer notifier.stopping()

	defer work.follow(ctx, func() bool { return member.State().Role() == registry.Active })()
	return member.Run(ctx, func(ctx context.Context, t registry.Term) error {
		return work.lead(ctx, t, member.Instance())
	})
}

// listeners are told what happens to the member. None of them blocks.
type listeners struct {
	admin    *adminServer
	hook     *hook
	notifier *notifier
	work     *work
}

func (l listeners) role(c heartbeat.Change) {
	l.work.role(c)
	l.admin.role(c)
	l.notifier.role(c)
	l.hook.role(c)
}

func (l listeners) beat(took time.Duration, err error) {
	l.admin.beat(took, err)
	l.notifier.beat(err)
}

func (l listeners) time(at time.Time, sent time.Duration) { l.work.time(at, sent) }

func (l listeners) orphan() { l.admin.orphan() }

// kill kills the work, ends its drain, and shortens the hook's shutdown.
func kill(member *heartbeat.Member, w *work, hook *hook) {
	if member != nil {
		member.StopNow()
	}
	w.Kill()
	hook.hurry()
}

// unlessStopped returns err, or nil if the step failed because the instance was told
// to stop during it.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (p Plan) logStart(log zerolog.Logger, warnings []string) {
	for _, w := range warnings {
		log.Warn().Msg(w)
	}
	scope := ""
	if p.conf.Registry.Implicit {
		scope = ": this user on this machine only"
	}
	log.Info().Msgf("registry %s%s", p.conf.Registry, scope)
	if p.file != nil {
		alone := ""
		if p.command == nil {
			alone = ", and no command runs beside them"
		}
		log.Info().Msgf("the jobs file %s has %s%s", p.file.path, countJobs(len(p.jobs.Jobs)), alone)
	}
}

// logEnd logs the error that ended an instance. The end of the work is no error, and is
// in the log already.
func logEnd(log zerolog.Logger, err error) {
	if _, over := WorkOver(err); err != nil && !over {
		log.Error().Msg(logging.Text(err))
	}
}

// WorkOver reports whether an error of Run says that the work came to its final end,
// here or on a peer, and with which exit code.
func WorkOver(err error) (code int, over bool) {
	if final, ok := errors.AsType[heartbeat.FinalExit](err); ok {
		return final.FinalExit(), true
	}
	if peer, ok := errors.AsType[*heartbeat.WorkDoneError](err); ok {
		return peer.ExitCode, true
	}
	return 0, false
}
