//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/bench/candidate"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// program is a group of Understudy as people run it: the built program, with its guard, and
// a small Go program as the command.
type program struct {
	uri     string
	set     setting
	stage   *stage
	said    *events
	members map[string]*process
	started int
}

// programs starts three instances.
func (s *stage) programs(ctx context.Context, st string, set setting) (*program, error) {
	args, _, err := s.arguments(understudy(st), set, "program"+strconv.FormatInt(places.Add(1), 10))
	if err != nil {
		return nil, err
	}
	p := &program{uri: args[0], set: set, stage: s, said: newEvents(), members: map[string]*process{}}
	for range names {
		if _, err := p.join(ctx); err != nil {
			p.stop()
			return nil, err
		}
	}
	return p, nil
}

// join starts an instance, and waits until it is active, if nobody else is, or stands by.
func (p *program) join(ctx context.Context) (name string, err error) {
	p.started++
	name = fmt.Sprint("host", p.started)
	say := func(kind string, at time.Duration) {
		p.said.add(candidate.Event{Kind: kind, Name: name, At: at})
	}
	env := environ(
		"UNDERSTUDY_REGISTRY="+p.uri, "UNDERSTUDY_HOST="+name, "UNDERSTUDY_LOG_FORMAT=json",
		"UNDERSTUDY_HEARTBEAT_INTERVAL="+p.set.timing.Interval.String(),
		"UNDERSTUDY_ORPHAN_AFTER="+p.set.timing.OrphanAfter.String(),
		"UNDERSTUDY_STOP_GRACE="+p.set.timing.StopGrace.String(),
	)
	n := p.said.count()
	m, err := spawn(p.stage.path("understudy"), []string{"--", p.stage.path("firstline")}, env, func(line string) {
		if at, err := strconv.ParseInt(line, 10, 64); err == nil {
			say(candidate.Active, time.Duration(at))
		}
	}, func(line string) {
		if strings.Contains(line, "standing by for") {
			say(candidate.Joined, candidate.Now())
		}
	})
	if err != nil {
		return "", err
	}
	p.members[name] = m
	kind := candidate.Joined
	if p.active() == "" {
		kind = candidate.Active
	}
	_, err = p.said.await(ctx, n, kind+" of "+name, func(ev candidate.Event) bool { return ev.Kind == kind && ev.Name == name })
	if err != nil {
		err = fmt.Errorf("%w (it says %s)", err, m.diary)
	}
	return name, err
}

// active returns who is active; with the settings called "fast" that changes by itself too.
func (p *program) active() string { return p.said.holder("") }

// replace sends a signal to the active instance, measures until the first output of the
// next one's command, and starts another instance in its place.
func (p *program) replace(ctx context.Context, sig syscall.Signal) (time.Duration, error) {
	victim := p.active()
	n := p.said.count()
	at := candidate.Now()
	if err := p.members[victim].signal(sig); err != nil {
		return 0, err
	}
	next, err := p.said.await(ctx, n, "the next one's command", func(ev candidate.Event) bool { return ev.Kind == candidate.Active })
	if err != nil {
		return 0, err
	}
	p.forget(victim)
	_, err = p.join(ctx)
	return next.At - at, err
}

// forget waits for the end of a process that was told to end.
func (p *program) forget(name string) {
	if m := p.members[name]; m != nil {
		m.stop(15 * time.Second)
		delete(p.members, name)
	}
}

func (p *program) stop() {
	for _, m := range p.members {
		_ = m.signal(unix.SIGTERM)
	}
	for name := range p.members {
		p.forget(name)
	}
}

// deletion kills a passive instance, and measures until its record is gone.
func (p *program) deletion(ctx context.Context) (time.Duration, error) {
	reg, err := p.look(ctx)
	if err != nil {
		return 0, err
	}
	defer reg.Close(context.WithoutCancel(ctx))
	active, victim := p.active(), ""
	for name := range p.members {
		if name != active {
			victim = name
		}
	}
	at := candidate.Now()
	if err := p.members[victim].signal(unix.SIGKILL); err != nil {
		return 0, err
	}
	for {
		list, _, err := reg.Instances(ctx, "default")
		if err != nil {
			return 0, err
		}
		there := false
		for _, in := range list {
			there = there || in.Host == victim
		}
		if !there {
			break
		}
		pause(ctx, 5*time.Millisecond)
		if ctx.Err() != nil {
			return 0, errors.New("the record of a passive one that was killed stays")
		}
	}
	took := candidate.Now() - at
	p.forget(victim)
	_, err = p.join(ctx)
	return took, err
}

// look opens the registry of a group to read it.
func (p *program) look(ctx context.Context) (registry.Backend, error) {
	if path, ok := strings.CutPrefix(p.uri, "sqlite:"); ok {
		return sqlite.Open(ctx, path, sqlite.Options{Access: registry.Look})
	}
	return mongodb.Open(ctx, p.uri, mongodb.Options{Access: registry.Look})
}

// programFigures measures Understudy as a program: SIGTERM, then kill -9 of the active one,
// then of a passive one. The stores and the floors take turns, the settings come one after
// another.
func (s *stage) programFigures(ctx context.Context, stores []string, sets []setting, floors []*floor, terms, kills int) (list []figure) {
	for _, set := range sets {
		var groups []*programFigure
		for _, st := range stores {
			groups = append(groups, s.programFigure(ctx, st, set))
		}
		pause(ctx, 2*time.Second)
		for range terms {
			for _, f := range floors {
				if err := f.sample(ctx); err != nil {
					logf("%v", err)
				}
			}
			for _, g := range groups {
				g.try(ctx, &g.onTerm, func(ctx context.Context) (time.Duration, error) { return g.p.replace(ctx, unix.SIGTERM) })
			}
			pause(ctx, settles+rand.N(200*time.Millisecond))
		}
		for range kills {
			for _, g := range groups {
				g.try(ctx, &g.onKill, func(ctx context.Context) (time.Duration, error) { return g.p.replace(ctx, unix.SIGKILL) })
				g.try(ctx, &g.onPassive, func(ctx context.Context) (time.Duration, error) { return g.p.deletion(ctx) })
			}
			pause(ctx, settles+rand.N(200*time.Millisecond))
		}
		for _, g := range groups {
			list = append(list, g.figures(kills > 0)...)
		}
	}
	return list
}

// programFigure is what is measured with one group. After an error nothing more is.
type programFigure struct {
	of                        figure
	p                         *program
	onTerm, onKill, onPassive []time.Duration
	err                       error
}

func (s *stage) programFigure(ctx context.Context, st string, set setting) *programFigure {
	g := &programFigure{of: figure{System: understudy(st).name, Setting: set.name, Unit: "ms"}}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	g.p, g.err = s.programs(ctx, st, set)
	return g
}

func (g *programFigure) try(ctx context.Context, samples *[]time.Duration, measure func(context.Context) (time.Duration, error)) {
	if g.err != nil || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*g.p.set.ttl+20*time.Second)
	defer cancel()
	took, err := measure(ctx)
	if g.err = err; err == nil {
		*samples = append(*samples, took)
	}
}

func (g *programFigure) figures(killed bool) (list []figure) {
	if g.p != nil {
		g.p.stop()
	}
	if g.err != nil {
		g.of.Note = g.err.Error()
	}
	add := func(measure string, samples []time.Duration) {
		f := g.of
		f.Measure = measure
		list = append(list, f.summarize(inMS(samples)))
	}
	add("SIGTERM to the next command's first output", g.onTerm)
	if killed {
		add("kill -9 to the next command's first output", g.onKill)
		add("kill -9 of a passive one to its record's deletion", g.onPassive)
	}
	return list
}
