package mongodb_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// noGuard lets work do without the timer of the kernel that ends this process.
type noGuard struct{}

func (noGuard) Extend(time.Duration) {}
func (noGuard) Kill()                {}

// members makes one registry join a member to each group, as a program of many groups
// does. It sends the group of each member that becomes active.
func members(t *testing.T, r *mongodb.Registry, groups int, active chan<- int) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for i := range groups {
		m, err := heartbeat.New(heartbeat.Config{Registry: r, Group: fmt.Sprint("group", i), Guard: noGuard{}})
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			err := m.Run(ctx, func(ctx context.Context, _ registry.Term) error {
				active <- i
				<-ctx.Done()
				return ctx.Err()
			})
			if err != nil {
				t.Errorf("group %d: %v", i, err)
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// allActive waits until every group has an active member.
func allActive(t *testing.T, groups int, active <-chan int) time.Duration {
	t.Helper()
	begun, timeout := time.Now(), time.After(40*time.Second) // shorter than T, after which a peer would depose an orphan
	for seen := map[int]bool{}; len(seen) < groups; {
		select {
		case i := <-active:
			seen[i] = true
		case <-timeout:
			t.Fatalf("%d of %d groups have an active member after %v", len(seen), groups, time.Since(begun))
		}
	}
	return time.Since(begun)
}

func TestRegistry_ServesTwentyGroupsAtOnce(t *testing.T) {
	t.Parallel()
	for _, groups := range []int{1, 20} {
		uri := mongotest.Shared(t)
		first, second := open(t, uri), open(t, uri)
		active := make(chan int, 2*groups)
		leave := members(t, first, groups, active)
		began := allActive(t, groups, active)

		leaveToo := members(t, second, groups, active)
		mongotest.Eventually(t, "the passive ones", func() error {
			for i := range groups {
				list, _, err := second.Instances(t.Context(), fmt.Sprint("group", i))
				if err != nil || len(list) != 2 {
					return fmt.Errorf("group %d has %d instances, %v", i, len(list), err)
				}
			}
			return nil
		})
		leave()
		took := allActive(t, groups, active)
		leaveToo()
		t.Logf("%d groups: active after %v, the others after another %v", groups, began.Round(time.Millisecond), took.Round(time.Millisecond))
	}
}
