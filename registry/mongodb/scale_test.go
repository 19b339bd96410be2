package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// fleet is many members of many groups in this process.
type fleet struct {
	t      *testing.T
	regs   []*mongodb.Registry
	mu     sync.Mutex
	beats  []time.Duration
	failed atomic.Int64
	lost   atomic.Int64 // leases
	active []chan time.Time
}

func newFleet(t *testing.T, uri string, registries, groups int) *fleet {
	f := &fleet{t: t, active: make([]chan time.Time, groups)}
	for range registries {
		f.regs = append(f.regs, open(t, uri))
	}
	for i := range f.active {
		f.active[i] = make(chan time.Time, 100)
	}
	return f
}

// join runs a member of a group on a registry, until ctx ends.
func (f *fleet) join(ctx context.Context, running *sync.WaitGroup, registryNumber, group int) {
	m, err := heartbeat.New(heartbeat.Config{
		Registry: f.regs[registryNumber], Group: fmt.Sprint("group", group), Guard: noGuard{},
		OnBeat: func(took time.Duration, err error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.beats = append(f.beats, took)
			if err != nil {
				f.failed.Add(1)
			}
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	running.Go(func() {
		_ = m.Run(ctx, func(ctx context.Context, _ registry.Term) error {
			f.active[group] <- time.Now()
			<-ctx.Done()
			if errors.Is(context.Cause(ctx), heartbeat.ErrLeaseLost) {
				f.lost.Add(1)
			}
			return ctx.Err()
		})
	})
}

// handOver asks a group to hand over, and returns how long that took.
func (f *fleet) handOver(group int) time.Duration {
	f.t.Helper()
	name := fmt.Sprint("group", group)
	v, err := f.regs[0].View(f.t.Context(), name)
	if err != nil {
		f.t.Fatal(err)
	}
	begun := time.Now()
	if err := f.regs[0].RequestHandover(f.t.Context(), name, v.Number(), uuid.Nil); err != nil {
		f.t.Fatal(err)
	}
	select {
	case at := <-f.active[group]:
		return at.Sub(begun)
	case <-time.After(2 * time.Minute):
		f.t.Fatalf("nobody took over group %d", group)
		return 0
	}
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(10 * time.Microsecond)
}

// TestScale_ManyMembersOnOneServer measures beats and hand-overs of a fleet of two minutes.
// It runs only if it is asked for, and one row at a time is best:
//
//	UNDERSTUDY_TEST_SCALE=1 go test ./registry/mongodb -run 'Scale/3000' -v -timeout 30m
//
// All members are in this process, on a few registries, so they share cursors that separate
// processes would each have.
func TestScale_ManyMembersOnOneServer(t *testing.T) {
	if os.Getenv("UNDERSTUDY_TEST_SCALE") == "" {
		t.Skip("UNDERSTUDY_TEST_SCALE is not set: it takes minutes, and the whole machine")
	}
	for _, tt := range []struct {
		name                        string
		groups, members, registries int
	}{
		{"3000 members in groups of three", 1000, 3, 12},
		{"900 members in groups of three", 300, 3, 12},
		{"one group of 1000", 1, 1000, 8},
		{"200 groups, two members each", 200, 2, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := mongotest.Start(t, 1)
			f := newFleet(t, set.URI()+"&maxPoolSize=200", tt.registries, tt.groups)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			for m := range tt.members {
				for g := range tt.groups {
					f.join(ctx, &running, (g+m)%tt.registries, g)
					if (m*tt.groups+g)%50 == 0 {
						time.Sleep(20 * time.Millisecond)
					}
				}
			}
			for g := range f.active {
				select {
				case <-f.active[g]:
				case <-time.After(3 * time.Minute):
					t.Fatalf("group %d has no active member", g)
				}
			}
			time.Sleep(45 * time.Second) // each has learnt its place
			f.mu.Lock()
			f.beats = nil
			f.mu.Unlock()
			f.failed.Store(0)
			var took []time.Duration
			for begun := time.Now(); time.Since(begun) < 40*time.Second; time.Sleep(500 * time.Millisecond) {
				if tt.groups == 1 {
					time.Sleep(4 * time.Second)
				}
				took = append(took, f.handOver(rand.IntN(tt.groups)))
			}
			f.mu.Lock()
			beats := slices.Clone(f.beats)
			f.mu.Unlock()
			slices.Sort(beats)
			slices.Sort(took)
			t.Logf("%d beats, %d failed: p50 %v, p99 %v, longest %v; %d leases lost; %d hand-overs: median %v, p90 %v, longest %v",
				len(beats), f.failed.Load(), quantile(beats, 0.5), quantile(beats, 0.99), beats[len(beats)-1].Round(time.Millisecond), f.lost.Load(),
				len(took), quantile(took, 0.5), quantile(took, 0.9), took[len(took)-1].Round(time.Millisecond))
			if f.lost.Load() > 0 {
				t.Errorf("%d leases were lost", f.lost.Load())
			}
			cancel()
			running.Wait()
		})
	}
}
