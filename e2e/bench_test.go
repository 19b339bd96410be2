//go:build linux

package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// BenchmarkGracefulTakeover measures the time from SIGTERM to the active instance
// until the first instruction of its peer's command, and where that time goes.
func BenchmarkGracefulTakeover(b *testing.B) { benchmarkTakeover(b, unix.SIGTERM) }

// BenchmarkKilledTakeover measures the same from SIGKILL.
func BenchmarkKilledTakeover(b *testing.B) { benchmarkTakeover(b, unix.SIGKILL) }

func benchmarkTakeover(b *testing.B, sig unix.Signal) {
	for _, on := range []struct {
		name    string
		at      func(b *testing.B) place
		settles time.Duration // until who joins last listens; before that, a takeover takes an interval or more
	}{
		{"sqlite", func(b *testing.B) place { return onSQLite(b) }, 0},
		{"mongodb", func(b *testing.B) place { return place{uri: mongotest.Shared(b)} }, registry.DefaultTiming.Slack() + 2*registry.DefaultTiming.Interval},
	} {
		b.Run(on.name, func(b *testing.B) {
			g := newGroup(b, on.at(b), registry.DefaultTiming, "escapee=")
			active := g.joinAll("0", "1")[0]
			sleep(on.settles)
			var (
				took  []time.Duration
				parts stages
			)
			for term := int64(1); b.Loop(); term++ {
				if sig == unix.SIGKILL {
					g.killed = append(g.killed, active)
				}
				sent := boottime.Now()
				active.signal(sig)
				next := g.work(term + 1)
				took = append(took, next.first-sent)
				b.StopTimer()
				active = g.holder(next)
				parts.add(b, sent, g.spanOf(term), next, active)
				g.join(fmt.Sprint(term + 1)).await("standing by for")
				sleep(on.settles)
				b.StartTimer()
			}
			g.conclude()
			slices.Sort(took)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(milliseconds(took[len(took)/2]), "ms-median")
			b.ReportMetric(milliseconds(took[len(took)*9/10]), "ms-p90")
			b.ReportMetric(milliseconds(took[len(took)-1]), "ms-max")
			parts.report(b)
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// BenchmarkGracefulTakeoverWithHook measures the same as BenchmarkGracefulTakeover,
// in turn for a group without a hook and for a group with one.
func BenchmarkGracefulTakeoverWithHook(b *testing.B) {
	type side struct {
		*group
		active *process
		took   []time.Duration
	}
	var sides []*side
	for _, env := range []string{"", "UNDERSTUDY_ON_CHANGE=" + testkit.Script(b, "exit 0")} {
		g := newGroup(b, onSQLite(b), enduring, "escapee=", env)
		sides = append(sides, &side{group: g, active: g.joinAll("0", "1")[0]})
	}
	for term := int64(1); b.Loop(); term++ {
		for _, s := range sides {
			sent := boottime.Now()
			s.active.signal(unix.SIGTERM)
			next := s.work(term + 1)
			s.took = append(s.took, next.first-sent)
			s.active.exit()
			s.active = s.holder(next)
			s.join(fmt.Sprint(term + 1)).await("standing by for")
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, name := range []string{"without", "with"} {
		sides[i].conclude()
		took := sides[i].took
		slices.Sort(took)
		b.ReportMetric(milliseconds(took[len(took)/2]), "ms-median-"+name)
		b.ReportMetric(milliseconds(took[len(took)*9/10]), "ms-p90-"+name)
	}
}

// BenchmarkIdlePassive measures what an instance costs that stands by with the
// default timing: memory and processor time of Understudy and its guard, and the
// operations that the registry does for it.
func BenchmarkIdlePassive(b *testing.B) {
	const span = 15 * time.Second
	for _, name := range []string{"sqlite", "mongodb"} {
		b.Run(name, func(b *testing.B) {
			var at, passive place
			if name == "sqlite" {
				at = onSQLite(b)
				passive = at
			} else {
				set := mongotest.Start(b, 1)
				at = place{uri: set.URI() + "&appName=active", set: set}
				passive = place{uri: set.URI() + "&appName=passive", set: set}
			}
			g := newGroup(b, at, registry.DefaultTiming)
			g.joinAll("active")
			p := g.join("passive", "UNDERSTUDY_REGISTRY="+passive.uri)
			p.await("standing by for")
			pids := append(g.guards(p), p.cmd.Process.Pid)
			if len(pids) != 2 {
				b.Fatalf("want Understudy and one guard, have %v", pids)
			}
			sleep(2 * time.Second) // the cost of a start is not measured

			if at.set != nil {
				at.profile(b, true)
			}
			begun, before := time.Now(), processorTime(b, pids)
			sleep(span)
			used, took := processorTime(b, pids)-before, time.Since(begun)
			if at.set != nil {
				reads, writes := at.asked(b, "passive", took)
				b.ReportMetric(reads, "reads/s")
				b.ReportMetric(writes, "writes/s")
				if reads > 2.1 || writes > 1.1 {
					b.Errorf("%.2f reads and %.2f writes a second, want at most 2 and 1", reads, writes)
				}
			}
			memory := float64(pss(b, pids)) / 1e6
			if memory > 30 {
				b.Errorf("%.1f MB, want less than 30", memory)
			}
			for b.Loop() { // the measurement above is made once
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(memory, "MB-PSS")
			b.ReportMetric(100*used.Seconds()/took.Seconds(), "%-of-a-core")
			g.conclude()
		})
	}
}

// processorTime returns the processor time that processes have used so far.
func processorTime(b *testing.B, pids []int) (sum time.Duration) {
	for _, pid := range pids {
		var used unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|2), &used); err != nil { // computed as clock_getcpuclockid does
			b.Fatal(err)
		}
		sum += time.Duration(used.Nano())
	}
	return sum
}

// pss returns the memory of processes in bytes. Memory that several processes share
// is divided among them.
func pss(b *testing.B, pids []int) (sum int64) {
	for _, pid := range pids {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			b.Skipf("the kernel does not say how much memory a process has: %v", err)
		}
		_, after, _ := strings.Cut(string(rollup), "\nPss:")
		n, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += n << 10
	}
	return sum
}

// profile makes the server record each operation, or ends that.
func (at place) profile(b *testing.B, on bool) {
	level := 0
	if on {
		level = 2
	}
	client := at.client(b)
	command := bson.D{{Key: "profile", Value: level}}
	if err := client.Database("understudy").RunCommand(context.Background(), command).Err(); err != nil {
		b.Fatal(err)
	}
}

// asked ends the record of operations, and returns how many reads and writes per
// second the client of that name made.
func (at place) asked(b *testing.B, appName string, took time.Duration) (reads, writes float64) {
	at.profile(b, false)
	client := at.client(b)
	cursor, err := client.Database("understudy").Collection("system.profile").Find(context.Background(), bson.M{"appName": appName})
	if err != nil {
		b.Fatal(err)
	}
	var ops []struct {
		Op           string `bson:"op"`
		Namespace    string `bson:"ns"`
		Command      bson.D `bson:"command"`
		DocsExamined int64  `bson:"docsExamined"`
	}
	if err := cursor.All(context.Background(), &ops); err != nil {
		b.Fatal(err)
	}
	counts := map[string]int{}
	for _, op := range ops {
		name := op.Op
		if len(op.Command) > 0 {
			name = op.Command[0].Key
		}
		counts[name]++
		switch name {
		case "find", "aggregate", "count":
			reads++
		case "update", "insert", "delete", "findAndModify":
			writes++
		}
		if op.DocsExamined > 1 && !strings.HasPrefix(op.Namespace, "understudy.bell") { // a cursor passes the rings that are kept
			b.Errorf("%s examined %d documents", name, op.DocsExamined)
		}
	}
	b.Logf("within %v: %v", took.Round(time.Millisecond), counts)
	return reads / took.Seconds(), writes / took.Seconds()
}

func (at place) client(b *testing.B) *mongo.Client {
	client, err := mongo.Connect(options.Client().ApplyURI(at.uri))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client
}
