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

// A program with many groups has one registry for all of them. It hands all of
// them over by notices, as it does with one: nobody waits for the next interval.
func TestManyGroupsOfOneRegistryAreHandedOverByNotices(t *testing.T) {
	timing := registry.Timing{Interval: 20 * time.Second, OrphanAfter: 2 * time.Minute, StopGrace: time.Second}
	for _, groups := range []int{1, 20} {
		t.Run(fmt.Sprintf("%d groups", groups), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			// start runs a member of each group on a registry of its own, until stop.
			start := func(priority int) (r *Registry, active chan time.Time, stop func()) {
				r = open(t, path)
				ctx, cancel := context.WithCancel(context.Background())
				active = make(chan time.Time, groups)
				var runs sync.WaitGroup
				for i := range groups {
					m, err := heartbeat.New(heartbeat.Config{Registry: r, Group: fmt.Sprint("g", i), Timing: timing, Priority: priority})
					if err != nil {
						t.Fatal(err)
					}
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
				stop = sync.OnceFunc(func() { cancel(); runs.Wait() })
				t.Cleanup(stop)
				return r, active, stop
			}
			all := func(active chan time.Time) (times []time.Time) {
				t.Helper()
				timeout := time.After(4 * deadline)
				for range groups {
					select {
					case at := <-active:
						times = append(times, at)
					case <-timeout:
						t.Fatalf("%d of %d are active", len(times), groups)
					}
				}
				return times
			}
			_, first, leave := start(1)
			all(first)
			r, second, _ := start(0)
			for end := time.Now().Add(4 * deadline); ; time.Sleep(5 * time.Millisecond) {
				if ready(t, r, groups) {
					break
				}
				if time.Now().After(end) {
					t.Fatal("the second program does not stand by")
				}
			}
			begun := time.Now()
			leave()
			times := all(second)
			longest := slices.MaxFunc(times, time.Time.Compare).Sub(begun)
			t.Logf("all were handed over after %v", longest)
			if longest > timing.Interval/2 {
				t.Errorf("it took %v, as if nobody had been told: the interval is %v", longest, timing.Interval)
			}
		})
	}
}

// ready reports whether a program has joined all groups, and watches for each.
func ready(t *testing.T, r *Registry, groups int) bool {
	t.Helper()
	for i := range groups {
		if list, _, err := r.Instances(t.Context(), fmt.Sprint("g", i)); err != nil || len(list) != 2 {
			return false
		}
	}
	r.read <- struct{}{}
	n := r.file.notices
	<-r.read
	if n == nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.readers) == groups
}
