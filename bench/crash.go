//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/bench/candidate"
)

// crashes measures what the loss of an active candidate costs. Half of them are frozen, as
// if their machine were gone: nothing of it can say anything any more. The other half are
// killed by SIGKILL, so that the kernel closes their connections. Each has a process of its
// own; one more process has two passive candidates of each group. With a long TTL all
// systems do this at the same time, since all of them mostly wait.
func (s *stage) crashes(ctx context.Context, systems []system, each int) (list []figure) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	measure := func(sys system, set setting) {
		figures := s.crashesOf(ctx, sys, set, each)
		mu.Lock()
		defer mu.Unlock()
		list = append(list, figures...)
	}
	var fast []func()
	for _, sys := range systems {
		for _, set := range sys.settings {
			if set.name == "fast" {
				fast = append(fast, func() { measure(sys, set) })
			} else {
				wait.Go(func() { measure(sys, set) })
			}
		}
	}
	wait.Wait()
	for _, measure := range fast {
		measure()
	}
	return inOrder(list, systems)
}

func (s *stage) crashesOf(ctx context.Context, sys system, set setting, each int) []figure {
	frozen := figure{Measure: "crash, past the TTL", System: sys.name, Setting: set.name, Unit: "ms"}
	killed := figure{Measure: "kill -9", System: sys.name, Setting: set.name, Unit: "ms"}
	c := crash{system: sys, setting: set, each: each}
	if err := c.measure(ctx, s); err != nil {
		frozen.Note, killed.Note = err.Error(), err.Error()
	} else if c.lost > 0 {
		frozen.Note = fmt.Sprintf("%d more had lost their lease before, since the machine was too busy", c.lost)
		killed.Note = frozen.Note
	}
	if c.unknown {
		frozen.Note += "counted from the crash, since nobody knows when the lease was renewed"
	}
	return []figure{frozen.summarize(inMS(c.late)), killed.summarize(inMS(c.took))}
}

type crash struct {
	system
	setting
	each int

	mu         sync.Mutex
	late, took []time.Duration
	lost       int
	unknown    bool
}

// measure fills in by how much the frozen ones were replaced after their TTL, which counts
// from their last renewal, and how long the replacement of the killed ones took.
func (m *crash) measure(ctx context.Context, s *stage) error {
	ctx, cancel := context.WithTimeout(ctx, 4*m.ttl+time.Minute)
	defer cancel()
	c, err := s.crew(m.system, m.setting, 2*m.each+1, candidate.EnvRenewals+"=yes")
	if err != nil {
		return err
	}
	defer c.stop()
	group := func(i int) string { return fmt.Sprint("crash", i) }
	for i := range 2 * m.each {
		n := c.said.count()
		if err := c.join(ctx, i, group(i), "a"); err != nil {
			return err
		}
		if _, err := c.await(ctx, n, candidate.Active, group(i), "a"); err != nil {
			return err
		}
		for _, name := range []string{"b", "c"} {
			if err := c.join(ctx, 2*m.each, group(i), name); err != nil {
				return err
			}
		}
	}
	pause(ctx, 3*m.beat) // each passive one has seen a renewal
	var wait sync.WaitGroup
	for i := range 2 * m.each {
		wait.Go(func() {
			pause(ctx, rand.N(2*m.beat)) // at any point between two renewals
			if failed := m.one(ctx, c, i, group(i)); failed != nil {
				m.mu.Lock()
				defer m.mu.Unlock()
				err = failed
			}
		})
	}
	wait.Wait()
	return err
}

// one freezes or kills the active one of a group.
func (m *crash) one(ctx context.Context, c *crew, i int, group string) error {
	sig, victim := unix.SIGSTOP, c.processes[i]
	if i%2 == 1 {
		sig = unix.SIGKILL
	}
	if c.said.holder(group) != "a" || c.failed(group, "a") {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.lost++
		return nil
	}
	n := c.said.count()
	at := candidate.Now()
	if err := victim.signal(sig); err != nil {
		return err
	}
	ev, err := c.await(ctx, n, candidate.Active, group, "")
	if sig == unix.SIGSTOP {
		_ = victim.signal(unix.SIGKILL)
	}
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if sig == unix.SIGKILL {
		m.took = append(m.took, ev.At-at)
		return nil
	}
	from := c.renewed(group, "a", at)
	if from == 0 {
		from, m.unknown = at, true
	}
	m.late = append(m.late, ev.At-from-m.ttl)
	return nil
}
