package scheduler_test

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
)

// BenchmarkThroughput measures how many triggered runs a second are claimed and finished
// whose job is a Go function that does nothing. They wait already when it begins.
func BenchmarkThroughput(b *testing.B) {
	for _, on := range []struct {
		name string
		open func(b *testing.B) store.Backend
	}{
		{"sqlite", func(b *testing.B) store.Backend { return openSQLite(b) }},
		{"mongodb", func(b *testing.B) store.Backend { return openMongoDB(b) }},
	} {
		b.Run(on.name, func(b *testing.B) {
			const runs = 1000
			reg := on.open(b)
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
			b.ResetTimer()
			close(begin)
			for range b.N {
				for range runs {
					<-ended
				}
			}
			b.StopTimer()
			b.ReportMetric(runs/b.Elapsed().Seconds(), "runs/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
