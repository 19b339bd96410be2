//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// onEachBackend runs a benchmark with SQLite, and with a replica set of one server.
func onEachBackend(b *testing.B, f func(b *testing.B, at place)) {
	b.Run("sqlite", func(b *testing.B) { f(b, onSQLite(b)) })
	b.Run("mongodb", func(b *testing.B) { f(b, place{uri: mongotest.Shared(b)}) })
}

// clockedGroup is a group of real instances with the default timing. In its jobs file,
// CLOCK stands for a command that writes down its run and the time, as soon as it can. It
// is bash, which knows the time without another process; that bash has to start is part of
// what is measured.
type clockedGroup struct {
	*jobsGroup
	clock string // file
}

func newClockedGroup(b *testing.B, at place, jobs string) clockedGroup {
	timing := registry.DefaultTiming
	clock := filepath.Join(b.TempDir(), "clock")
	command := fmt.Sprintf(`[/bin/bash, -c, 'echo $UNDERSTUDY_RUN_ID $EPOCHREALTIME >>%s']`, clock)
	g := newJobsGroup(b, at, []string{
		"LC_ALL=C",
		"UNDERSTUDY_HEARTBEAT_INTERVAL=" + timing.Interval.String(),
		"UNDERSTUDY_ORPHAN_AFTER=" + timing.OrphanAfter.String(),
		"UNDERSTUDY_STOP_GRACE=" + timing.StopGrace.String(),
	}, strings.ReplaceAll(jobs, "CLOCK", command))
	return clockedGroup{g, clock}
}

// clocked waits until so many runs have written down when they began, and returns when.
func (g clockedGroup) clocked(n int) map[string]time.Time {
	g.t.Helper()
	began := map[string]time.Time{}
	testkit.Until(g.t, fmt.Sprintf("%d runs to begin", n), func() bool {
		data, err := os.ReadFile(g.clock)
		lines := strings.Split(string(data), "\n")
		if err != nil || len(lines) <= n {
			return false
		}
		for _, line := range lines[:len(lines)-1] {
			run, at, _ := strings.Cut(line, " ")
			micros, err := strconv.ParseInt(strings.Replace(at, ".", "", 1), 10, 64)
			if err != nil {
				g.t.Fatalf("a run has left the line %q", line)
			}
			began[run] = time.UnixMicro(micros)
		}
		return true
	})
	return began
}

// report prints the median and the 99th percentile.
func report(b *testing.B, name string, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(milliseconds(took[len(took)/2]), "ms-median"+name)
	b.ReportMetric(milliseconds(took[len(took)*99/100]), "ms-p99"+name)
}

// everySecondEach returns a file with n jobs that run a command each second. Their names
// begin with the same word, and end with a number from 0 on.
func everySecondEach(word, command string, n int) string {
	var file strings.Builder
	file.WriteString("jobs:\n")
	for i := range n {
		fmt.Fprintf(&file, "  %s%d: {command: %s, schedule: \"@every 1s\"}\n", word, i, command)
	}
	return file.String()
}

// BenchmarkJobs_StartDelay measures the time from a slot to the first instruction of its
// command, for five jobs that are due at the same instants.
func BenchmarkJobs_StartDelay(b *testing.B) {
	const jobs, slots = 5, 6
	onEachBackend(b, func(b *testing.B, at place) {
		g := newClockedGroup(b, at, everySecondEach("tick", "CLOCK", jobs))
		g.joinAll("a", "b")
		began := g.clocked(jobs * slots)
		var delays []time.Duration
		for run, at := range began {
			_, id, _ := strings.Cut(run, "/")
			slot, err := time.Parse(time.RFC3339, id)
			if err != nil {
				b.Fatal(err)
			}
			delays = append(delays, at.Sub(slot))
		}
		for b.Loop() { // the measurement above is made once
		}
		report(b, "", delays)
		b.ReportMetric(0, "ns/op")
		g.conclude()
	})
}

// BenchmarkJobs_Trigger measures the time from the start of a process "understudy trigger"
// to the first instruction of the job's command, and how much of it comes after the run is
// in the registry.
func BenchmarkJobs_Trigger(b *testing.B) {
	onEachBackend(b, func(b *testing.B, at place) {
		g := newClockedGroup(b, at, "jobs: {now: {command: CLOCK}}\n")
		g.joinAll("a", "b")
		s := g.store()
		testkit.Until(b, "the job to be known", func() bool {
			known, err := s.Jobs(b.Context(), "default")
			return err == nil && len(known) == 1
		})
		var sent []time.Time
		for b.Loop() {
			sent = append(sent, time.Now())
			if code, _, log := g.outcome(g.env, []string{"trigger", "now"}); code != exitOK {
				b.Fatalf("trigger ended with %d:\n%s", code, log)
			}
			g.clocked(len(sent))
		}
		began := g.clocked(len(sent))
		var sinceStart, sinceSubmit []time.Duration
		for i, r := range g.runs(s, "now") {
			at := began[r.Key.String()]
			sinceStart, sinceSubmit = append(sinceStart, at.Sub(sent[i])), append(sinceSubmit, at.Sub(r.At))
		}
		report(b, "", sinceStart)
		report(b, "-since-submit", sinceSubmit)
		b.ReportMetric(0, "ns/op")
		g.conclude()
	})
}

// BenchmarkJobs_True measures what a run of true costs: the processor time of the instance,
// of its guards, and of all that they started, from the claim to the record of the end. As
// many jobs are due each second as there are guards ready. The beats meanwhile are part of
// it; what the registry's server uses is not. For comparison it measures what true costs
// that a plain program starts.
func BenchmarkJobs_True(b *testing.B) {
	const jobs, seconds = 4, 10
	onEachBackend(b, func(b *testing.B, at place) {
		g := newClockedGroup(b, at, everySecondEach("nothing", "[/bin/true]", jobs))
		a := g.joinAll("a")[0]
		s := g.store()
		for n := range jobs {
			g.awaitRuns(s, fmt.Sprint("nothing", n), 2, store.Completed) // what only the first runs cost is left out
		}
		half := func(d time.Duration) { // a good time to measure is between two slots
			sleep(time.Until(time.Now().Add(d).Truncate(time.Second).Add(700 * time.Millisecond)))
		}
		half(0)
		before := g.processorTime(b, a)
		half(seconds * time.Second)
		used := g.processorTime(b, a) - before

		var u unix.Rusage
		plain := func() time.Duration {
			for range jobs * seconds {
				if err := exec.Command("/bin/true").Run(); err != nil {
					b.Fatal(err)
				}
			}
			if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &u); err != nil {
				b.Fatal(err)
			}
			return time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
		plainUsed := -plain() + plain()
		for b.Loop() { // the measurement above is made once
		}
		b.ReportMetric(milliseconds(used)/(jobs*seconds), "ms-CPU/run")
		b.ReportMetric(milliseconds(plainUsed)/(jobs*seconds), "ms-CPU/plain-true")
		b.ReportMetric(0, "ns/op")
		g.conclude()
	})
}

// processorTime returns the processor time of an instance, of its guards, and of their
// children that have ended.
func (g clockedGroup) processorTime(b *testing.B, m *process) (sum time.Duration) {
	for _, pid := range append(g.guards(m), m.cmd.Process.Pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it was reaped meanwhile, and counts as an ended child
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		for _, field := range strings.Fields(rest)[11:15] { // utime, stime, cutime, cstime, in ticks of 10 ms
			n, _ := strconv.ParseInt(field, 10, 64)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}
