package scheduler_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
)

// onEachBackend runs a benchmark with SQLite, and with a replica set of one server.
func onEachBackend(b *testing.B, f func(b *testing.B, reg store.Backend)) {
	b.Run("sqlite", func(b *testing.B) { f(b, openSQLite(b)) })
	b.Run("mongodb", func(b *testing.B) { f(b, openMongoDB(b)) })
}

// BenchmarkThroughput measures how many triggered runs a second are claimed and finished
// whose job is a Go function that does nothing. They wait already when it begins.
func BenchmarkThroughput(b *testing.B) {
	onEachBackend(b, func(b *testing.B, reg store.Backend) {
		const runs = 1000
		ended := make(chan struct{}, runs)
		begin := make(chan struct{})
		lead(b, reg, zerolog.Nop(), []scheduler.Job{{
			Definition: jobs.Definition{Name: "quick", Overlap: jobs.OverlapAllow},
			Func: func(context.Context, *jobs.Run) error {
				<-begin
				ended <- struct{}{}
				return nil
			},
		}})
		for range runs {
			submit(b, reg.Jobs(), "quick", nil)
		}
		begun := time.Now()
		close(begin)
		for range runs {
			<-ended
		}
		took := time.Since(begun)
		for b.Loop() { // the measurement above is made once
		}
		b.ReportMetric(runs/took.Seconds(), "runs/s")
		b.ReportMetric(0, "ns/op")
	})
}

// BenchmarkBacklog measures what a run costs of a job whose runs start one after another,
// while many of them wait: the processor time of this process, and how many calls read what
// is due.
func BenchmarkBacklog(b *testing.B) {
	onEachBackend(b, func(b *testing.B, reg store.Backend) {
		const runs = 500
		ended := make(chan struct{}, runs)
		begin := make(chan struct{})
		counted := &dueCounter{Backend: reg}
		lead(b, counted, zerolog.Nop(), []scheduler.Job{{
			Definition: jobs.Definition{Name: "queue", Overlap: jobs.OverlapQueue},
			Func: func(context.Context, *jobs.Run) error {
				<-begin
				ended <- struct{}{}
				return nil
			},
		}})
		for range runs {
			submit(b, reg.Jobs(), "queue", nil)
		}
		begun, before, calls, read := time.Now(), processorTime(b), counted.calls.Load(), counted.read.Load()
		close(begin)
		for range runs {
			<-ended
		}
		took, used := time.Since(begun), processorTime(b)-before
		for b.Loop() { // the measurement above is made once
		}
		b.ReportMetric(runs/took.Seconds(), "runs/s")
		b.ReportMetric(float64(used.Microseconds())/runs, "µs-CPU/run")
		b.ReportMetric(float64(counted.calls.Load()-calls)/runs, "Due/run")
		b.ReportMetric(float64(counted.read.Load()-read)/runs, "records/run")
		b.ReportMetric(0, "ns/op")
	})
}

// dueCounter is a backend that counts the calls of Due, and the records that they read.
type dueCounter struct {
	store.Backend
	calls, read atomic.Int64
}

func (c *dueCounter) Jobs() store.Store { return countedStore{c.Backend.Jobs(), c} }

type countedStore struct {
	store.Store
	counter *dueCounter
}

func (s countedStore) Due(ctx context.Context, h store.Holder, now time.Time, except []string, limit int) ([]store.Run, time.Time, error) {
	runs, next, err := s.Store.Due(ctx, h, now, except, limit)
	s.counter.calls.Add(1)
	s.counter.read.Add(int64(len(runs)))
	return runs, next, err
}

// beats are how long beats took, and how long was from the answer to one until the answer
// to the next one.
type beats struct {
	mu   sync.Mutex
	last time.Time
	took []time.Duration
	gaps []time.Duration
}

func (l *beats) beat(took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if err == nil && !l.last.IsZero() {
		l.took, l.gaps = append(l.took, took), append(l.gaps, now.Sub(l.last))
	}
	if err == nil {
		l.last = now
	}
}

// worst returns the longest ones since the last call.
func (l *beats) worst() (took, gap time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	took, gap = slices.Max(append(l.took, 0)), slices.Max(append(l.gaps, 0))
	l.took, l.gaps = nil, nil
	return took, gap
}

// BenchmarkThousandJobs measures what a thousand jobs cost that are all due at the same
// instant, once in a minute: the processor time of this process in that minute, as a share
// of a core, and how long beats take meanwhile. The jobs are Go functions that do nothing.
// The minute is not waited for: what is between two instants is measured for some seconds.
// There are five beats a second, so that some fall into it; by default there is one.
func BenchmarkThousandJobs(b *testing.B) {
	onEachBackend(b, func(b *testing.B, reg store.Backend) {
		const n = 1000
		at := time.Now().Add(6 * time.Second).Truncate(time.Second)
		var list []scheduler.Job
		for i := range n {
			list = append(list, scheduler.Job{
				Definition: jobs.Definition{Name: fmt.Sprintf("job%03d", i), At: at},
				Func:       func(context.Context, *jobs.Run) error { return nil },
			})
		}
		var ended atomic.Int64
		var beats beats
		s, err := scheduler.New(scheduler.Config{
			Store: reg.Jobs(), Group: "g", Timing: quick, Log: zerolog.Nop(), OnEnd: func(store.Run) { ended.Add(1) },
		}, list)
		if err != nil {
			b.Fatal(err)
		}
		join(b, s, heartbeat.Config{Registry: reg, Group: "g", Timing: quick, Log: zerolog.Nop(), OnBeat: beats.beat})
		testkit.Until(b, "the jobs to be known", func() bool {
			known, err := reg.Jobs().Jobs(context.Background(), "g")
			return err == nil && len(known) == n
		})
		if time.Until(at) < time.Second {
			b.Skip("this machine is too busy: the jobs were known too late")
		}
		idle := time.Now()
		beforeIdle := processorTime(b)
		time.Sleep(time.Until(at) - 100*time.Millisecond)
		idleTook, idleUsed := time.Since(idle), processorTime(b)-beforeIdle
		idleBeat, _ := beats.worst()

		before := processorTime(b)
		testkit.Until(b, "all runs to end", func() bool { return ended.Load() == n })
		used, took := processorTime(b)-before, time.Since(at)
		beat, gap := beats.worst()
		for b.Loop() { // the measurement above is made once
		}
		b.ReportMetric(100*(used.Seconds()/60+idleUsed.Seconds()/idleTook.Seconds()), "%-of-a-core")
		b.ReportMetric(float64(used.Microseconds())/n, "µs-CPU/run")
		b.ReportMetric(100*idleUsed.Seconds()/idleTook.Seconds(), "%-idle")
		b.ReportMetric(float64(took.Milliseconds()), "ms-until-all-ended")
		b.ReportMetric(float64(beat.Milliseconds()), "ms-slowest-beat")
		b.ReportMetric(float64(idleBeat.Milliseconds()), "ms-slowest-beat-before")
		b.ReportMetric(float64((gap - quick.Interval).Milliseconds()), "ms-latest-beat")
		b.ReportMetric(0, "ns/op")
	})
}
