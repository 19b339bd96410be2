package metrics

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// maxScrapes bounds how many scrapes are answered at once; more of them get 503.
const maxScrapes = 8

// State is what an instance knows about itself at one instant.
type State struct {
	Term     int64         // in which it is active; 0 while it is passive
	Lease    time.Duration // what is left of its lease; 0 or less: nothing
	LastBeat time.Time     // when its last acknowledged beat was sent; zero: there was none
}

// Source is where the values come from. All fields are required but Jobs. The functions may
// be called concurrently.
type Source struct {
	Group   string // a name that registry.CheckGroup accepts
	Version string // this program's
	// State must not wait.
	State func() State
	// Snapshot returns a snapshot of the group within two seconds, however many callers there
	// are: see status.Lookout.
	Snapshot func(context.Context) (status.Group, error)
	// Restarts returns how often the work was started again. It must not wait.
	Restarts func() int64
	// Jobs returns what [Metrics.ReadJobs] read, at most a few seconds ago, within two
	// seconds, however many callers there are: see status.Lookout. Nil: there are no jobs.
	Jobs func(context.Context) (JobsState, error)
}

// Metrics are those of one instance. Its methods may be called concurrently, but ReadJobs.
// Only that and the handler wait for anything.
type Metrics struct {
	group       string
	beats       prometheus.Histogram
	failures    prometheus.Counter
	orphans     prometheus.Counter
	transitions map[string]prometheus.Counter
	takeovers   map[string]prometheus.Counter
	jobs        *jobs
	handler     http.Handler
}

// other is the label for a reason, a status or a trigger that this package does not know.
const other = "other"

// none is the label for the reason of a first term, before which there is none.
const none = "none"

// ends are why a term of an instance may end, by its own account.
var ends = []string{
	string(registry.Stopped), string(registry.HandedOver), string(registry.LeaseLost), string(registry.Orphaned),
	string(registry.Unregistered), string(registry.WorkFailed), string(registry.NotReady), string(registry.WorkDone), other,
}

// counters returns the counters of a vector, by the value of its label reason.
func counters(v *prometheus.CounterVec, reasons []string) map[string]prometheus.Counter {
	all := map[string]prometheus.Counter{}
	for _, r := range reasons {
		all[r] = v.WithLabelValues(r)
	}
	return all
}

// count counts a reason, one that is not known as other.
func count(all map[string]prometheus.Counter, reason string) {
	c, ok := all[reason]
	if !ok {
		c = all[other]
	}
	c.Inc()
}

// New returns the metrics of an instance. They are in a Prometheus registry of their
// own. It panics if the name of the group or the version is not valid UTF-8.
func New(s Source) *Metrics {
	m := &Metrics{
		group: s.Group,
		jobs:  newJobs(),
		beats: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "understudy_beat_seconds",
			Help:    "Time from sending a beat to its acknowledgement.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 16},
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "understudy_beat_failures_total",
			Help: "Beats that were not acknowledged.",
		}),
		orphans: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "understudy_orphans_deleted_total",
			Help: "Orphans that this instance deleted.",
		}),
	}
	transitions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "understudy_transitions_total",
		Help: "Changes of this instance's role: promoted, or why its term is over.",
	}, []string{"reason"})
	takeovers := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "understudy_takeovers_total",
		Help: "Terms that this instance began, by why the term before ended.",
	}, []string{"reason"})
	m.transitions = counters(transitions, append([]string{"promoted"}, ends...))
	m.takeovers = counters(takeovers, append([]string{none, string(registry.Crashed)}, ends...))
	all := prometheus.NewRegistry()
	all.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	ours := prometheus.WrapRegistererWith(prometheus.Labels{"group": s.Group}, all)
	ours.MustRegister(m.beats, m.failures, m.orphans, transitions, takeovers, scrape{s}, m.jobs, jobsScrape{s, m.jobs})
	m.handler = promhttp.HandlerFor(all, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
	})
	return m
}

// Beat counts a beat: one that was acknowledged after the given time, or one that failed
// with an error.
func (m *Metrics) Beat(took time.Duration, err error) {
	if err != nil {
		m.failures.Inc()
		return
	}
	m.beats.Observe(took.Seconds())
}

// Role counts a change of role. The reason is "promoted", or why the term is over.
func (m *Metrics) Role(reason registry.Reason) { count(m.transitions, string(reason)) }

// Takeover counts a term that this instance began, by why the term before ended; empty: there
// was none.
func (m *Metrics) Takeover(previous registry.Reason) {
	count(m.takeovers, cmp.Or(string(previous), none))
}

// Orphan counts an orphan that this instance deleted.
func (m *Metrics) Orphan() { m.orphans.Inc() }

// Handler answers each scrape within about two seconds.
func (m *Metrics) Handler() http.Handler { return m.handler }
