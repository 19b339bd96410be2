package worker

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/boottime"
)

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
				file := filepath.Join(b.TempDir(), "log")
				c, err := NewCommand(Spec{
					Path: "/bin/sh", Args: []string{"sh", "-c", ": >" + file + "; exec sleep 1000"},
					Env: []string{"PATH=/bin:/usr/bin"}, Timing: testTiming,
				})
				if err != nil {
					b.Fatal(err)
				}
				if tt.prepared {
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
				all = append(all, time.Since(begin))
				stop(immediateStop{})
				<-result
				c.Close()
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs/median")
			b.ReportMetric(float64(all[len(all)*95/100].Microseconds()), "µs/p95")
		})
	}
}
