//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/bench/candidate"
)

// The shapes of a fleet.
const (
	threes = "groups of three"
	one    = "one group of all"
)

// scales measures how each system grows. A size that does not fit into the limit of time is
// cut, its figures say where, and larger ones are not tried.
func (s *stage) scales(ctx context.Context, systems []system, sizes []int, limit time.Duration, report func([]figure)) {
	cut := map[[2]string]int{}
	for _, size := range sizes {
		if ctx.Err() != nil {
			return
		}
		report(s.scalesAlone(ctx, size))
		for _, shape := range []string{threes, one} {
			for _, sys := range systems {
				if ctx.Err() != nil {
					return
				}
				f := &fleet{figure: figure{System: sys.name, Setting: "same", Instances: size, Groups: shape}, stage: s, sys: sys}
				if before := cut[[2]string{sys.name, shape}]; before != 0 {
					f.Measure, f.Note = fleetHandover, fmt.Sprintf("not tried, since %d instances were cut", before)
					report([]figure{f.figure})
					continue
				}
				list, err := f.measure(ctx, limit)
				if err != nil {
					cut[[2]string{sys.name, shape}] = size
				}
				report(list)
			}
		}
	}
}

const fleetHandover = "fleet: hand-over of one group meanwhile"

// fleet is many instances of one system, in three processes. Each instance has a client of
// its own, so the store has as much to do as with a process for each.
type fleet struct {
	figure
	stage *stage
	sys   system
	crew  *crew

	joined map[string]bool
	failed int               // candidates that failed and joined again
	why    string            // the last of them failed
	active map[string]string // by group
	lost   int
	read   int // so many events are in the above
}

func (f *fleet) group(i int) string {
	if f.Groups == one {
		return "all"
	}
	return fmt.Sprint("g", min(i/len(names), f.groups()-1))
}

func (f *fleet) groups() int {
	if f.Groups == one {
		return 1
	}
	return f.Instances / len(names) // what is left over is in the last one
}

func (f *fleet) measure(ctx context.Context, limit time.Duration) (list []figure, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("cut after %v", limit))
	defer cancel()
	add := func(measure, unit string, samples ...float64) {
		g := f.figure
		g.Measure, g.Unit = measure, unit
		list = append(list, g.summarize(samples))
	}
	if f.crew, err = f.stage.crew(f.sys, f.sys.settings[0], len(names)); err != nil {
		return nil, err
	}
	defer f.crew.stop()
	f.active, f.joined = map[string]string{}, map[string]bool{}
	begun := time.Now()
	if err := f.joinAll(ctx); err != nil {
		f.Note = f.diagnosis() + fmt.Sprintf("%v: %d of %d instances had joined, %d of %d groups had an active one", err, len(f.joined), f.Instances, len(f.active), f.groups())
		add(fleetHandover, "ms")
		return list, err
	}
	add("fleet: until all have joined", "s", time.Since(begun).Seconds())
	pause(ctx, f.crew.set.beat)
	if _, err := f.crew.stats(ctx); err != nil {
		f.Note = f.diagnosis() + err.Error()
		add(fleetHandover, "ms")
		return list, err
	}
	f.follow()
	f.lost, f.crew.beats = 0, nil // those of the start do not count
	var pids []int
	for _, p := range f.crew.processes {
		pids = append(pids, p.pid())
	}
	const span = 10 * time.Second
	u, err := f.crew.use(ctx, span, pids)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		f.Note = f.diagnosis() + err.Error()
		add(fleetHandover, "ms")
		return list, err
	}
	each := u.span.Seconds() * float64(f.Instances)
	if f.crew.store.count != nil {
		add("fleet: reads of an instance", "1/s", u.reads/each)
	}
	add("fleet: writes of an instance", "1/s", u.writes/each)
	add("fleet: processor of the instances", perCore, 100*u.cpu.Seconds()/u.span.Seconds())
	if len(f.crew.store.pids) > 0 {
		add("fleet: processor of the store", perCore, 100*u.server.Seconds()/u.span.Seconds())
	}
	if _, err := f.crew.stats(ctx); err == nil && len(f.crew.beats) > 0 {
		add("fleet: 99th percentile of a beat", "ms", ms(percentile(f.crew.beats, 0.99)))
	}
	samples, err := f.handovers(ctx)
	if err != nil {
		f.Note = f.diagnosis() + err.Error()
	}
	add(fleetHandover, "ms", inMS(samples)...)
	f.follow()
	f.Note = f.diagnosis()
	add("fleet: active ones lost", "", float64(f.lost))
	return list, err
}

// diagnosis says what went wrong in the fleet: a candidate has failed, or a lease was lost,
// and the process of its instance has ended with it.
func (f *fleet) diagnosis() (text string) {
	if f.failed > 0 {
		text = fmt.Sprintf("%d failed and joined again, the last because of: %.200s; ", f.failed, f.why)
	}
	if n := f.crew.ended(); n > 0 {
		text += fmt.Sprintf("%d of the %d processes ended with the lease of an instance; ", n, len(names))
	}
	return text
}

// joinAll lets all instances join, some at a time, and waits until each group has an active
// one.
func (f *fleet) joinAll(ctx context.Context) error {
	const atOnce = 50
	for i := range f.Instances {
		if err := f.until(ctx, func() bool { return i-len(f.joined) < atOnce }); err != nil {
			return err
		}
		f.crew.processes[i%len(names)].say("join", f.group(i), fmt.Sprint("i", i))
	}
	return f.until(ctx, func() bool { return len(f.joined) == f.Instances && len(f.active) == f.groups() })
}

// until reads what the candidates say until something is true.
func (f *fleet) until(ctx context.Context, is func() bool) error {
	for {
		changed := f.follow()
		if is() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// follow takes note of what the candidates have said since it was called last.
func (f *fleet) follow() (changed <-chan struct{}) {
	list, changed := f.crew.said.since(f.read)
	f.read += len(list)
	for _, ev := range list {
		switch ev.Kind {
		case candidate.Joined:
			f.joined[ev.Name] = true
		case candidate.Active:
			f.active[ev.Group] = ev.Name
		case candidate.Passive:
			if f.active[ev.Group] == ev.Name {
				f.lost++
			}
		case candidate.Failed: // it joins again, as a process that is started again would
			f.failed++
			f.why = ev.Error
			var number int
			if _, err := fmt.Sscanf(ev.Name, "i%d", &number); err == nil {
				f.crew.processes[number%len(names)].say("join", ev.Group, ev.Name)
			}
		case candidate.Leaving: // the benchmark told it so
			if f.active[ev.Group] == ev.Name {
				f.active[ev.Group] = ""
			}
		}
	}
	return changed
}

// handovers lets the active ones of some groups leave, one after another.
func (f *fleet) handovers(ctx context.Context) (samples []time.Duration, err error) {
	times := min(6, f.groups())
	if f.Groups == one {
		times = min(5, f.Instances-1)
	}
	for i := range times {
		group := f.group(i * len(names) * max(1, f.groups()/times))
		f.follow()
		name := f.active[group]
		if name == "" {
			return samples, errors.New(group + " has no active one")
		}
		var number int
		if _, err := fmt.Sscanf(name, "i%d", &number); err != nil {
			return samples, err
		}
		n := f.crew.said.count()
		f.crew.processes[number%len(names)].say("leave", group, name)
		leaving, err := f.crew.await(ctx, n, candidate.Leaving, group, name)
		if err != nil {
			return samples, err
		}
		next, err := f.crew.await(ctx, n, candidate.Active, group, "")
		if err != nil {
			return samples, err
		}
		samples = append(samples, next.At-leaving.At)
		pause(ctx, settles)
	}
	return samples, nil
}
