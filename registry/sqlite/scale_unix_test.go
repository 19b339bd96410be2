//go:build unix

package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
)

// cpu returns the processor time of this process.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// TestScale_OneOfManyGroups measures what many groups in one process cost while nothing
// happens, and how long the hand-over of one of them takes. It takes a minute, so it runs
// only if it is asked for: UNDERSTUDY_TEST_SCALE=1 go test ./registry/sqlite -run Scale -v
//
// Each group has two members, each on a registry of its own, as in two processes.
func TestScale_OneOfManyGroups(t *testing.T) {
	if os.Getenv("UNDERSTUDY_TEST_SCALE") == "" {
		t.Skip("UNDERSTUDY_TEST_SCALE is not set: it takes a minute")
	}
	for _, groups := range []int{1, 200} {
		path := filepath.Join(t.TempDir(), "registry.db")
		ctx, cancel := context.WithCancel(t.Context())
		var runs sync.WaitGroup
		active := make(chan time.Time, 100)
		join := func(r *Registry, group int) {
			m, err := heartbeat.New(heartbeat.Config{Registry: r, Group: fmt.Sprint("g", group)})
			if err != nil {
				t.Fatal(err)
			}
			runs.Go(func() {
				_ = m.Run(ctx, func(ctx context.Context, _ registry.Term) error {
					if group == 0 {
						active <- time.Now()
					}
					<-ctx.Done()
					return ctx.Err()
				})
			})
		}
		first, second := open(t, path), open(t, path)
		for i := range groups {
			join(first, i)
		}
		<-active
		time.Sleep(time.Second)
		for i := range groups {
			join(second, i)
		}
		time.Sleep(5 * time.Second)
		const idle = 20 * time.Second
		before := cpu(t)
		time.Sleep(idle)
		used := cpu(t) - before
		var took []time.Duration
		for range 15 {
			v, err := first.View(ctx, "g0")
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if err := first.RequestHandover(ctx, "g0", v.Number(), uuid.Nil); err != nil {
				t.Fatal(err)
			}
			took = append(took, (<-active).Sub(begun))
			time.Sleep(2500 * time.Millisecond)
		}
		slices.Sort(took)
		t.Logf("%d groups: %.1f %% of a core while idle for a process that has one member of each; a hand-over takes %v (median), %v to %v",
			groups, 100*used.Seconds()/idle.Seconds()/2, took[len(took)/2], took[0], took[len(took)-1])
		cancel()
		runs.Wait()
	}
}
