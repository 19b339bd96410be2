//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/understudy-go/understudy/bench/candidate"
)

// crew is some processes of candidates of one system, in one setting.
type crew struct {
	sys       system
	set       setting
	store     *store
	processes []*process
	said      *events
	beats     []time.Duration // how long renewals took, as stats has learned

	path      string
	args, env []string
}

var places atomic.Int64

// crew starts processes whose candidates meet in a place of their own, with some more
// entries in their environment.
func (s *stage) crew(sys system, set setting, processes int, env ...string) (*crew, error) {
	args, st, err := s.arguments(sys, set, "place"+strconv.FormatInt(places.Add(1), 10))
	if err != nil {
		return nil, err
	}
	c := &crew{sys: sys, set: set, store: st, said: newEvents(), path: s.path(sys.program), args: args, env: environ(env...)}
	for range processes {
		p, err := c.start()
		if err != nil {
			c.stop()
			return nil, err
		}
		c.processes = append(c.processes, p)
	}
	return c, nil
}

// start starts one more process.
func (c *crew) start() (*process, error) { return startCandidates(c.path, c.args, c.env, c.said) }

// ended counts the processes that are gone. Work in a process ends with its lease, and so
// does the process, if the machine is too busy for the setting.
func (c *crew) ended() (n int) {
	for _, p := range c.processes {
		select {
		case <-p.gone:
			n++
		default:
		}
	}
	return n
}

// failed reports whether a candidate has given up, as client-go's does when it has lost its
// lease.
func (c *crew) failed(group, name string) (failed bool) {
	list, _ := c.said.since(0)
	for _, ev := range list {
		if ev.Group == group && ev.Name == name && ev.Kind != candidate.Renewed && ev.Kind != candidate.Passive {
			failed = ev.Kind == candidate.Failed
		}
	}
	return failed
}

// renewed returns the instant from which the lease of a candidate counts, of those before
// an instant. It is 0 where nobody knows.
func (c *crew) renewed(group, name string, before time.Duration) (at time.Duration) {
	list, _ := c.said.since(0)
	for _, ev := range list {
		if ev.Group == group && ev.Name == name && ev.Kind == candidate.Renewed && ev.At <= before {
			at = max(at, ev.At)
		}
	}
	return at
}

// stop ends the processes: all at the same time, since each may have much to end.
func (c *crew) stop() {
	done := make(chan struct{})
	for _, p := range c.processes {
		go func() {
			p.stop(15 * time.Second)
			done <- struct{}{}
		}()
	}
	for range c.processes {
		<-done
	}
}

// join lets a candidate of a process join, and waits until it has.
func (c *crew) join(ctx context.Context, process int, group, name string) error {
	n := c.said.count()
	c.processes[process].say("join", group, name)
	_, err := c.await(ctx, n, candidate.Joined, group, name)
	return err
}

// await waits for an event of a group, of one candidate or of any. A candidate that fails
// ends the wait.
func (c *crew) await(ctx context.Context, n int, kind, group, name string) (candidate.Event, error) {
	ev, err := c.said.await(ctx, n, fmt.Sprintf("%s of %s in %s", kind, name, group), func(ev candidate.Event) bool {
		return ev.Group == group && (ev.Kind == kind || ev.Kind == candidate.Failed) && (name == "" || ev.Name == name)
	})
	if err == nil && ev.Kind == candidate.Failed {
		err = fmt.Errorf("%s: %s", ev.Name, ev.Error)
	}
	if err != nil {
		for _, p := range c.processes {
			if last := p.diary.String(); last != "" {
				err = fmt.Errorf("%w (the process says %.200s)", err, last)
				break
			}
		}
	}
	return ev, err
}

// stats returns how many commits the processes have counted by themselves. It keeps how
// long their renewals took.
func (c *crew) stats(ctx context.Context) (commits int64, err error) {
	n := c.said.count()
	for _, p := range c.processes {
		p.say("stats")
	}
	for left := len(c.processes); left > 0; {
		list, changed := c.said.since(n)
		n += len(list)
		for _, ev := range list {
			if ev.Kind == candidate.Stats {
				commits += ev.Writes
				c.beats = append(c.beats, ev.Renewals...)
				left--
			}
		}
		if left == 0 {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return commits, nil
}
