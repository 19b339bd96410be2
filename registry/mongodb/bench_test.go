package mongodb_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// median calls f for each iteration, and reports the median and the 99th percentile of
// the durations that f returns.
func median(b *testing.B, f func() time.Duration) {
	var took []time.Duration
	for b.Loop() {
		took = append(took, f())
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// timed returns a function that measures a call of f.
func timed(b *testing.B, f func() error) func() time.Duration {
	return func() time.Duration {
		begun := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		return time.Since(begun)
	}
}

// sets runs a benchmark on sets of one and of three nodes.
func sets(b *testing.B, run func(b *testing.B, uri string)) {
	b.Run("OneNode", func(b *testing.B) { run(b, mongotest.Start(b, 1).URI()) })
	b.Run("ThreeNodes", func(b *testing.B) { run(b, mongotest.Start(b, 3).URI()) })
}

func BenchmarkBeat(b *testing.B) {
	sets(b, func(b *testing.B, uri string) {
		r := open(b, uri)
		in := register(b, r, "g")
		median(b, timed(b, func() error { _, err := r.Beat(b.Context(), in.ID, in.Status); return err }))
	})
}

func BenchmarkView(b *testing.B) {
	sets(b, func(b *testing.B, uri string) {
		r := open(b, uri)
		in := register(b, r, "g")
		begin(b, r, "g", 1, in.ID)
		median(b, timed(b, func() error { _, err := r.View(b.Context(), "g"); return err }))
	})
}

// BenchmarkOpen measures a new connection, and the calls that check it.
func BenchmarkOpen(b *testing.B) {
	sets(b, func(b *testing.B, uri string) {
		var opened []*mongodb.Registry
		median(b, timed(b, func() error {
			r, err := mongodb.Open(b.Context(), uri, mongodb.Options{})
			opened = append(opened, r)
			return err
		}))
		for _, r := range opened {
			_ = r.Close(context.Background())
		}
	})
}

// BenchmarkTakeover ends a term by one client, waits for the notice at another one, begins
// the next term there, and reads it back.
func BenchmarkTakeover(b *testing.B) {
	sets(b, func(b *testing.B, uri string) {
		clients := []*mongodb.Registry{open(b, uri), open(b, uri)}
		ids := []uuid.UUID{register(b, clients[0], "g").ID, register(b, clients[1], "g").ID}
		var changes [2]<-chan registry.Notice
		for i, r := range clients {
			ch, err := r.Watch(b.Context(), "g")
			if err != nil {
				b.Fatal(err)
			}
			changes[i] = ch
		}
		number := int64(1)
		begin(b, clients[0], "g", number, ids[0])
		median(b, func() time.Duration {
			from, to := int(number-1)%2, int(number)%2
			for quiet := false; !quiet; { // the beginning of this term made notices too
				select {
				case <-changes[to]:
				case <-time.After(20 * time.Millisecond):
					quiet = true
				}
			}
			begun := time.Now()
			if err := clients[from].EndTerm(b.Context(), "g", number, ids[from], registry.End{Reason: registry.HandedOver}); err != nil {
				b.Fatal(err)
			}
			<-changes[to]
			number++
			begin(b, clients[to], "g", number, ids[to])
			if v, err := clients[to].View(b.Context(), "g"); err != nil || v.Latest.Number != number || v.Latest.Holder != ids[to] {
				b.Fatalf("View: %+v, %v", v, err)
			}
			return time.Since(begun)
		})
	})
}
