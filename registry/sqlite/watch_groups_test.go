package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
)

// A program with many groups has one registry for all of them. Notices hand all of
// them over as they do with one: nobody waits for the next interval.
func TestWatch_ManyGroupsOfOneRegistryAreHandedOver(t *testing.T) {
	timing := registry.Timing{Interval: 20 * time.Second, OrphanAfter: 2 * time.Minute, StopGrace: time.Second}
	for _, groups := range []int{1, 20, 200} {
		t.Run(fmt.Sprintf("%d groups", groups), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			// start runs a member of each group on a registry of its own, until its context
			// is cancelled.
			start := func(priority int) (r *watching, active chan time.Time, stop []context.CancelFunc) {
				r = &watching{Registry: open(t, path)}
				active = make(chan time.Time, groups)
				var runs sync.WaitGroup
				for i := range groups {
					m, err := heartbeat.New(heartbeat.Config{Registry: r, Group: fmt.Sprint("g", i), Timing: timing, Priority: priority})
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(context.Background())
					stop = append(stop, cancel)
					runs.Go(func() {
						err := m.Run(ctx, func(ctx context.Context, _ registry.Term) error {
							active <- time.Now()
							<-ctx.Done()
							return ctx.Err()
						})
						if err != nil {
							t.Errorf("Run: %v", err)
						}
					})
				}
				t.Cleanup(func() { cancelAll(stop); runs.Wait() })
				return r, active, stop
			}
			// all returns the latest of the instants at which a number of groups became active.
			all := func(active chan time.Time, number int) (latest time.Time) {
				t.Helper()
				timeout := time.After(4 * deadline)
				for i := range number {
					select {
					case at := <-active:
						if at.After(latest) {
							latest = at
						}
					case <-timeout:
						t.Fatalf("%d of %d are active", i, number)
					}
				}
				return latest
			}
			_, first, leave := start(1)
			all(first, groups)
			r, second, _ := start(0)
			for end := time.Now().Add(4 * deadline); ; time.Sleep(5 * time.Millisecond) {
				if ready(t, r, groups) {
					break
				}
				if time.Now().After(end) {
					t.Fatal("the second program has not joined all groups")
				}
			}
			// A release takes five seconds at most, in which a busy machine with the race
			// detector does not write the ends of 200 terms.
			var longest time.Duration
			for some := range slices.Chunk(leave, 20) {
				begun := time.Now()
				cancelAll(some)
				longest = max(longest, all(second, len(some)).Sub(begun))
			}
			t.Logf("20 at a time, each of %d was handed over within %v", groups, longest)
			if longest > timing.Interval/2 {
				t.Errorf("it took %v, as if there had been no notice: the interval is %v", longest, timing.Interval)
			}
		})
	}
}

func cancelAll(stop []context.CancelFunc) {
	for _, cancel := range stop {
		cancel()
	}
}

// watching remembers which groups of a registry were watched.
type watching struct {
	*Registry
	groups sync.Map
}

func (w *watching) Watch(ctx context.Context, group string) (<-chan registry.Notice, error) {
	ch, err := w.Registry.Watch(ctx, group)
	if err == nil {
		w.groups.Store(group, true)
	}
	return ch, err
}

// ready reports whether a program has joined all groups, and watches each of them.
func ready(t *testing.T, r *watching, groups int) bool {
	t.Helper()
	for i := range groups {
		group := fmt.Sprint("g", i)
		_, watched := r.groups.Load(group)
		if list, _, err := r.Instances(t.Context(), group); err != nil || len(list) != 2 || !watched {
			return false
		}
	}
	return true
}
