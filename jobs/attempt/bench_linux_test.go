package attempt

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/worker"
)

// BenchmarkRunner_True measures what an attempt of true costs: the processor time of this
// process and of all that it started, of an executor alone and of a runner. The two take
// turns, so that a busy machine is busy for both.
func BenchmarkRunner_True(b *testing.B) {
	r := newRunner(b, &fake{})
	j := script("")
	j.Command = []string{"/bin/true"}
	ways := []struct {
		name string
		run  func()
		cpu  []time.Duration
	}{
		{name: "executor", run: func() {
			if end := r.executor.Run(b.Context(), worker.Execution{Path: "/bin/true", Output: func(int, []byte) {}}); !end.Succeeded() {
				b.Fatalf("%+v", end)
			}
		}},
		{name: "attempt", run: func() {
			if end := r.Run(b.Context(), j, claimed(1)); end.End != store.AttemptCompleted {
				b.Fatalf("%+v", end)
			}
		}},
	}
	const runs = 20 // in a sample: a tick of the clock that counts processor time may be long
	for b.Loop() {
		for i := range ways {
			before := processorTime(b)
			for range runs {
				ways[i].run()
			}
			ways[i].cpu = append(ways[i].cpu, (processorTime(b)-before)/runs)
		}
	}
	for _, w := range ways {
		slices.Sort(w.cpu)
		b.ReportMetric(float64(w.cpu[len(w.cpu)/2].Microseconds()), "µs-CPU/"+w.name)
	}
}

// processorTime returns the processor time of this process, of the children that it has
// reaped, and of those that live, which are guards, with their own children.
func processorTime(tb testing.TB) (sum time.Duration) {
	tb.Helper()
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			tb.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	children, err := procfs.Children("self")
	if err != nil {
		tb.Fatal(err)
	}
	for _, pid := range children {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it was reaped meanwhile
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		for _, field := range strings.Fields(rest)[11:15] { // utime, stime, cutime, cstime, in ticks of 10 ms
			n, _ := strconv.ParseInt(field, 10, 64)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}
