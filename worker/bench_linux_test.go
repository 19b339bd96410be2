package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
)

// promotion returns the time from Run to the first thing that a shell does.
func promotion(b *testing.B, isolation config.Isolation, prepared bool) time.Duration {
	b.Helper()
	file := filepath.Join(b.TempDir(), "log")
	c, err := NewCommand(Spec{
		Path: "/bin/sh", Args: []string{"sh", "-c", ": >" + file + "; exec sleep 1000"},
		Env: []string{"PATH=/bin:/usr/bin"}, Timing: testTiming, Isolation: isolation,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if prepared {
		if err := c.Prepare(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	c.Extend(boottime.Now() + time.Hour)
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	begin := time.Now()
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	for !exists(file) {
	}
	took := time.Since(begin)
	stop(immediateStop{})
	<-result
	return took
}

// BenchmarkPromotion measures the time from Run to the first thing that a shell
// does, with a prepared guard and without one.
func BenchmarkPromotion(b *testing.B) {
	for _, tt := range []struct {
		name     string
		prepared bool
	}{{"prepared", true}, {"cold", false}} {
		b.Run(tt.name, func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				all = append(all, promotion(b, config.IsolationNone, tt.prepared))
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs/median")
			b.ReportMetric(float64(all[len(all)*95/100].Microseconds()), "µs/p95")
		})
	}
}

// BenchmarkPromotion_Isolation measures the same for each isolation, with a prepared guard
// but for "cold". They take turns, so that a busy machine is busy for all of them.
func BenchmarkPromotion_Isolation(b *testing.B) {
	type way struct {
		name      string
		isolation config.Isolation
		cold      bool
		took      []time.Duration
	}
	ways := []*way{
		{name: "none", isolation: config.IsolationNone}, {name: "auto", isolation: config.IsolationAuto}, {name: "pid", isolation: config.IsolationPID},
		{name: "none-cold", isolation: config.IsolationNone, cold: true}, {name: "pid-cold", isolation: config.IsolationPID, cold: true},
	}
	requireIsolation(b, config.IsolationPID)
	for b.Loop() {
		for _, w := range ways {
			w.took = append(w.took, promotion(b, w.isolation, !w.cold))
		}
	}
	for _, w := range ways {
		slices.Sort(w.took)
		b.ReportMetric(float64(w.took[len(w.took)/2].Microseconds()), "µs/"+w.name)
		b.ReportMetric(float64(w.took[len(w.took)*95/100].Microseconds()), "µs-p95/"+w.name)
	}
}

// BenchmarkExecutor_True measures what a run of true costs: the processor time of this
// process and of all that it started, with a fresh guard for each run and with guards
// that serve one run after another. The two take turns, so that a busy machine is busy
// for both.
func BenchmarkExecutor_True(b *testing.B) {
	type way struct {
		name string
		e    *Executor
		cpu  []time.Duration
		took []time.Duration
	}
	ways := []*way{{name: "fresh"}, {name: "kept"}}
	for i, w := range ways {
		var err error
		if w.e, err = NewExecutor(ExecutorSpec{Timing: testTiming, Ready: i}); err != nil {
			b.Fatal(err)
		}
		defer w.e.Close()
		w.e.Extend(boottime.Now() + time.Hour)
	}
	const runs = 20 // in a sample: a tick of the clock that counts processor time may be long
	sample := func(w *way) {
		begin, before := time.Now(), processorTime(b, w.e)
		for range runs {
			if end := w.e.Run(b.Context(), Execution{Path: "/bin/true", Output: func(int, []byte) {}}); !end.Succeeded() {
				b.Fatalf("%+v", end)
			}
		}
		w.cpu = append(w.cpu, (processorTime(b, w.e)-before)/runs)
		w.took = append(w.took, time.Since(begin)/runs)
	}
	for b.Loop() {
		for _, w := range ways {
			sample(w)
		}
	}
	for _, w := range ways {
		slices.Sort(w.cpu)
		slices.Sort(w.took)
		b.ReportMetric(float64(w.cpu[len(w.cpu)/2].Microseconds()), "µs-CPU/"+w.name)
		b.ReportMetric(float64(w.took[len(w.took)/2].Microseconds()), "µs/"+w.name)
	}
}

// processorTime returns the processor time of this process, of the children that it has
// reaped, and of the guards that are ready, with their own children.
func processorTime(tb testing.TB, e *Executor) (sum time.Duration) {
	tb.Helper()
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			tb.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for _, pid := range readyGuards(e) {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			tb.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		for _, field := range strings.Fields(rest)[11:15] { // utime, stime, cutime, cstime, in ticks of 10 ms
			n, _ := strconv.ParseInt(field, 10, 64)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}
