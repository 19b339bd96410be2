package metrics

import (
	"context"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/understudy-go/understudy/registry"
)

// silent is the label for instances whose beat is overdue.
const silent = "silent"

var (
	active    = prometheus.NewDesc("understudy_active", "1 while this instance is active, 0 while it is passive.", nil, nil)
	term      = prometheus.NewDesc("understudy_term", "The term in which this instance is active, 0 while it is passive.", nil, nil)
	lastBeat  = prometheus.NewDesc("understudy_last_beat_timestamp_seconds", "When the last acknowledged beat was sent, 0 before the first.", nil, nil)
	lease     = prometheus.NewDesc("understudy_lease_remaining_seconds", "What is left of the lease of this instance, 0 when that has ended and while it is passive.", nil, nil)
	restarts  = prometheus.NewDesc("understudy_work_restarts_total", "Starts of the work after it had exited by itself.", nil, nil)
	instances = prometheus.NewDesc("understudy_instances", "Instances of the group by the registry: active, passive, or silent if their beat is overdue.", []string{"role"}, nil)
	clock     = prometheus.NewDesc("understudy_registry_clock_ahead_seconds", "How far the registry's clock is ahead of this machine's at least; negative if it is behind.", nil, nil)
	buildInfo = prometheus.NewDesc("understudy_build_info", "1, labelled with the version of this program and of Go.", []string{"version", "goversion"}, nil)
)

// scrape reads, at each scrape, the values that are not counted as they happen.
type scrape struct{ source Source }

func (s scrape) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{active, term, lastBeat, lease, restarts, instances, clock, buildInfo} {
		to <- d
	}
}

func (s scrape) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	now := s.source.State()
	gauge(term, float64(now.Term))
	if now.Term > 0 {
		gauge(active, 1)
		gauge(lease, max(0, now.Lease).Seconds())
	} else {
		gauge(active, 0)
		gauge(lease, 0)
	}
	if now.LastBeat.IsZero() {
		gauge(lastBeat, 0)
	} else {
		gauge(lastBeat, seconds(now.LastBeat))
	}
	gauge(buildInfo, 1, s.source.Version, runtime.Version())
	to <- prometheus.MustNewConstMetric(restarts, prometheus.CounterValue, float64(s.source.Restarts()))
	if group, err := s.source.Snapshot(context.Background()); err == nil {
		n := group.Count()
		gauge(instances, float64(n.Active), string(registry.Active))
		gauge(instances, float64(n.Passive), string(registry.Passive))
		gauge(instances, float64(n.Silent), silent)
		gauge(clock, group.ClockAhead.Seconds())
	}
}

// seconds returns an instant in seconds since 1970.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
