//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/understudy-go/understudy/bench/candidate"
)

// relay is a group of three that hands over again and again.
type relay struct {
	*crew
	lost    int // leases
	samples []time.Duration
	err     error
}

const relayGroup = "relay"

var names = []string{"a", "b", "c"}

// newRelay starts three processes with one candidate each. The first one is active.
func (s *stage) newRelay(ctx context.Context, sys system, set setting) (*relay, error) {
	c, err := s.crew(sys, set, len(names))
	if err != nil {
		return nil, err
	}
	r := &relay{crew: c}
	for i, name := range names {
		n := c.said.count()
		if err := c.join(ctx, i, relayGroup, name); err != nil {
			c.stop()
			return nil, err
		}
		if i == 0 {
			if _, err := c.await(ctx, n, candidate.Active, relayGroup, name); err != nil {
				c.stop()
				return nil, err
			}
		}
	}
	return r, nil
}

// pass lets the active one leave in order, measures until another one is active, and lets
// the one that has left join again.
func (r *relay) pass(ctx context.Context) error {
	if err := r.mend(ctx); err != nil {
		return err
	}
	before := r.said.holder(relayGroup)
	i := 0
	for names[i] != before {
		i++
	}
	n := r.said.count()
	r.processes[i].say("leave", relayGroup, before)
	leaving, err := r.await(ctx, n, candidate.Leaving, relayGroup, before)
	if err != nil {
		return err
	}
	next, err := r.await(ctx, n, candidate.Active, relayGroup, "")
	if err != nil {
		return err
	}
	if next.Name == before {
		return fmt.Errorf("%s is active although it has left", before)
	}
	r.samples = append(r.samples, next.At-leaving.At)
	if _, err := r.await(ctx, n, candidate.Left, relayGroup, before); err != nil {
		return err
	}
	return r.join(ctx, i, relayGroup, before)
}

// mend brings those back that have lost their lease: a candidate that has given up, or a
// process that has ended with it.
func (r *relay) mend(ctx context.Context) error {
	for i, p := range r.processes {
		select {
		case <-p.gone:
			p, err := r.start()
			if err != nil {
				return err
			}
			r.processes[i] = p
		default:
			if !r.failed(relayGroup, names[i]) {
				continue
			}
		}
		r.lost++
		if err := r.join(ctx, i, relayGroup, names[i]); err != nil {
			return err
		}
	}
	return nil
}

// handovers measures orderly hand-overs, with one kind of settings after another: those that
// beat often would load the machine for the others.
func (s *stage) handovers(ctx context.Context, systems []system, floors []*floor, rounds int, share time.Duration) (list []figure) {
	var kinds []string
	for _, sys := range systems {
		for _, set := range sys.settings {
			if !slices.Contains(kinds, set.name) {
				kinds = append(kinds, set.name)
			}
		}
	}
	for _, kind := range kinds {
		list = append(list, s.handoversWith(ctx, kind, systems, floors, rounds, share)...)
	}
	return list
}

// handoversWith measures those with one kind of settings. The systems and the floors take
// turns, so that each of them sees the same noise. A system that has used up its share of the
// time stops early, and its figure says so.
func (s *stage) handoversWith(ctx context.Context, kind string, systems []system, floors []*floor, rounds int, share time.Duration) (list []figure) {
	type entry struct {
		*relay
		used time.Duration
		figure
	}
	var entries []*entry
	for _, sys := range systems {
		for _, set := range sys.settings {
			if set.name != kind {
				continue
			}
			e := &entry{figure: figure{Measure: "hand-over", System: sys.name, Setting: set.name, Unit: "ms"}}
			joining, cancel := context.WithTimeout(ctx, time.Minute)
			var err error
			if e.relay, err = s.newRelay(joining, sys, set); err != nil {
				e.Note = err.Error()
			}
			cancel()
			entries = append(entries, e)
		}
	}
	pause(ctx, 3*time.Second) // whoever stands by has read whom for
	for range rounds {
		for _, f := range floors {
			if err := f.sample(ctx); err != nil {
				logf("%v", err)
			}
		}
		for _, e := range entries {
			if e.relay == nil || e.err != nil || e.used > share || ctx.Err() != nil {
				continue
			}
			begun := time.Now()
			passing, cancel := context.WithTimeout(ctx, 2*e.set.ttl+20*time.Second)
			e.err = e.pass(passing)
			cancel()
			e.used += time.Since(begun)
		}
		pause(ctx, settles+rand.N(300*time.Millisecond))
	}
	for _, e := range entries {
		if e.relay != nil {
			e.stop()
			if e.err != nil {
				e.Note = e.err.Error()
			} else if e.lost > 0 {
				e.Note = fmt.Sprintf("a lease was lost %d times meanwhile", e.lost)
			}
			e.figure = e.summarize(inMS(e.samples))
		}
		list = append(list, e.figure)
	}
	return list
}

// settles is the pause after a hand-over. Who comes next in Understudy listens from the beat
// after it was marked on, a second later at most with the settings called "same".
const settles = 1200 * time.Millisecond

// pause waits. Nothing is right or wrong because of it: it keeps a measurement apart from
// what came before.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
