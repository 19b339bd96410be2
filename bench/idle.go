//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/understudy-go/understudy/bench/candidate"
)

// usage is what happened in a span of time.
type usage struct {
	span          time.Duration
	reads, writes float64
	cpu           time.Duration // of the candidates
	server        time.Duration
}

// use watches a crew for a while.
func (c *crew) use(ctx context.Context, span time.Duration, pids []int) (u usage, err error) {
	read := func() (at time.Time, u usage, err error) {
		u.cpu, u.server = processorTime(pids...), processorTime(c.store.pids...)
		if c.store.count != nil {
			u.reads, u.writes, err = c.store.count(ctx)
		} else {
			var commits int64
			commits, err = c.stats(ctx)
			u.writes = float64(commits)
		}
		return time.Now(), u, err
	}
	begun, a, err := read()
	if err != nil {
		return u, err
	}
	pause(ctx, span)
	ended, b, err := read()
	return usage{ended.Sub(begun), b.reads - a.reads, b.writes - a.writes, b.cpu - a.cpu, b.server - a.server}, err
}

const (
	fewPassive  = 2
	manyPassive = 12
)

// idles measures what a passive candidate costs: the memory and the processor time of a
// process that has only one, and the operations that the store does for one more. Those are
// the difference between a group with many passive ones and one with few.
// Systems of different stores are measured at the same time.
func (s *stage) idles(ctx context.Context, systems []system, span time.Duration) (list []figure) {
	var mu sync.Mutex
	byStore := map[string][]func(){}
	for _, sys := range systems {
		for _, set := range sys.settings {
			at := sys.store + set.store
			byStore[at] = append(byStore[at], func() {
				figures := s.idle(ctx, sys, set, span)
				mu.Lock()
				defer mu.Unlock()
				list = append(list, figures...)
			})
		}
	}
	var wait sync.WaitGroup
	for _, measurements := range byStore {
		wait.Go(func() {
			for _, measure := range measurements {
				measure()
			}
		})
	}
	wait.Wait()
	return inOrder(list, systems)
}

func (s *stage) idle(ctx context.Context, sys system, set setting, span time.Duration) []figure {
	of := func(measure, unit string) figure {
		return figure{Measure: measure, System: sys.name, Setting: set.name, Unit: unit}
	}
	reads, writes := of("reads of an idle passive one", "1/s"), of("writes of an idle passive one", "1/s")
	memory, cpu := of("memory of a passive one", "MB"), of("processor of a passive one", perCore)
	all := []*figure{&reads, &writes, &memory, &cpu}
	err := func() error {
		ctx, cancel := context.WithTimeout(ctx, 3*span+time.Minute)
		defer cancel()
		c, err := s.crew(sys, set, 3) // the active one; one passive one; the other passive ones
		if err != nil {
			return err
		}
		defer c.stop()
		const group = "idle"
		if err := c.join(ctx, 0, group, "active"); err != nil {
			return err
		}
		if _, err := c.await(ctx, 0, candidate.Active, group, ""); err != nil {
			return err
		}
		for i := 1; i <= fewPassive; i++ {
			if err := c.join(ctx, i, group, fmt.Sprint("p", i)); err != nil {
				return err
			}
		}
		pause(ctx, 2*time.Second) // the cost of a start is not measured
		alone := c.processes[1].pid()
		few, err := c.use(ctx, span, []int{alone})
		if err != nil {
			return err
		}
		cpu = cpu.summarize([]float64{100 * few.cpu.Seconds() / few.span.Seconds()})
		bytes, err := pss(alone)
		if err != nil {
			return err
		}
		memory = memory.summarize([]float64{float64(bytes) / 1e6})
		for i := fewPassive + 1; i <= manyPassive; i++ {
			if err := c.join(ctx, 2, group, fmt.Sprint("p", i)); err != nil {
				return err
			}
		}
		pause(ctx, 2*time.Second)
		many, err := c.use(ctx, span, nil)
		if err != nil {
			return err
		}
		more := func(count func(usage) float64) []float64 {
			rate := func(u usage) float64 { return count(u) / u.span.Seconds() }
			return []float64{max(0, rate(many)-rate(few)) / (manyPassive - fewPassive)}
		}
		writes = writes.summarize(more(func(u usage) float64 { return u.writes }))
		if c.store.count == nil {
			reads.Note = "nobody counts the reads of a file"
		} else {
			reads = reads.summarize(more(func(u usage) float64 { return u.reads }))
		}
		return nil
	}()
	var list []figure
	for _, f := range all {
		if err != nil && f.N == 0 {
			f.Note = err.Error()
		}
		list = append(list, f.summarizeNothing())
	}
	return list
}

// summarizeNothing notes that there is no sample, if nobody has said why.
func (f figure) summarizeNothing() figure {
	if f.N == 0 && f.Note == "" {
		f.Note = "no sample"
	}
	return f
}

// idlePrograms measures the memory and the processor time of a passive instance of the
// built program, its guard included.
func (s *stage) idlePrograms(ctx context.Context, stores []string, set setting, span time.Duration) (list []figure) {
	for _, st := range stores {
		of := func(measure, unit string) figure {
			return figure{Measure: measure, System: understudy(st).name, Setting: set.name, Unit: unit}
		}
		memory, cpu := of("memory of a passive program, with its guard", "MB"), of("processor of a passive program, with its guard", perCore)
		starting, cancel := context.WithTimeout(ctx, time.Minute)
		p, err := s.programs(starting, st, set)
		cancel()
		if err == nil {
			pause(ctx, 2*time.Second)
			var pids []int
			for name, m := range p.members {
				if name != p.active() && pids == nil {
					pids = append(children(m.pid()), m.pid())
				}
			}
			slices.Sort(pids)
			begun, before := time.Now(), processorTime(pids...)
			pause(ctx, span)
			cpu = cpu.summarize([]float64{100 * (processorTime(pids...) - before).Seconds() / time.Since(begun).Seconds()})
			var bytes int64
			if bytes, err = pss(pids...); err == nil {
				memory = memory.summarize([]float64{float64(bytes) / 1e6})
			}
			p.stop()
		}
		if err != nil {
			memory.Note, cpu.Note = err.Error(), err.Error()
		}
		list = append(list, memory.summarizeNothing(), cpu.summarizeNothing())
	}
	return list
}
