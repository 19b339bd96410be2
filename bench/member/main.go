//go:build linux

// Command member is a candidate of Understudy as a library.
//
//	member URI INTERVAL ORPHAN_AFTER STOP_GRACE
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	driver "modernc.org/sqlite"

	"github.com/understudy-go/understudy/bench/candidate"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/sqlite"
)

func main() {
	uri, timing, err := arguments(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "member:", err)
		os.Exit(64)
	}
	var commits atomic.Int64
	driver.RegisterConnectionHook(func(conn driver.ExecQuerierContext, _ string) error {
		conn.(driver.HookRegisterer).RegisterCommitHook(func() int32 {
			commits.Add(1)
			return 0
		})
		return nil
	})
	beats := new(renewals)
	join := func(ctx context.Context, group, name string, r candidate.Report) error {
		reg, err := open(ctx, uri, timing)
		if err != nil {
			return err
		}
		defer closeRegistry(reg)
		joined := sync.OnceFunc(r.Joined)
		m, err := heartbeat.New(heartbeat.Config{
			Registry: reg, Group: group, Timing: timing, Host: name,
			OnTime: func(_ time.Time, sent time.Duration) { r.Renewed(sent) },
			OnBeat: func(took time.Duration, err error) {
				beats.add(took)
				if err == nil {
					joined()
				}
			},
		})
		if err != nil {
			return err
		}
		return m.Run(ctx, func(ctx context.Context, _ registry.Term) error {
			r.Active()
			<-ctx.Done()
			r.Passive()
			return nil
		})
	}
	candidate.Main(join, candidate.Counters{Writes: commits.Load, Renewals: beats.take})
}

func arguments(args []string) (uri string, t registry.Timing, err error) {
	if len(args) != 4 {
		return "", t, fmt.Errorf("%d arguments: want URI INTERVAL ORPHAN_AFTER STOP_GRACE", len(args))
	}
	for i, d := range []*time.Duration{&t.Interval, &t.OrphanAfter, &t.StopGrace} {
		if *d, err = time.ParseDuration(args[i+1]); err != nil {
			return "", t, err
		}
	}
	return args[0], t, t.Check()
}

// open opens a registry for one candidate alone, as a process of its own would.
func open(ctx context.Context, uri string, t registry.Timing) (registry.Backend, error) {
	if path, ok := strings.CutPrefix(uri, "sqlite:"); ok {
		return sqlite.Open(ctx, path, sqlite.Options{OrphanAfter: t.OrphanAfter})
	}
	return mongodb.Open(ctx, uri, mongodb.Options{})
}

func closeRegistry(r registry.Backend) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = r.Close(ctx)
}

// renewals keeps how long beats took, since somebody asked.
type renewals struct {
	mu   sync.Mutex
	list []time.Duration
}

func (r *renewals) add(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, took)
}

func (r *renewals) take() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}
