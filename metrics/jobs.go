package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/understudy-go/understudy/jobs/store"
)

// maxJobs bounds how many jobs have series of their own: the first ones of the file in
// the order of their names. Each has about 35 series.
const maxJobs = 200

// otherJobs is the label for the jobs beyond those, and for what records say of jobs that
// are not in the file. No job can have this name.
const otherJobs = "_other"

var (
	statuses = slices.DeleteFunc(slices.Clone(store.States), func(s store.State) bool { return !s.Ended() })
	triggers = []store.Trigger{store.BySchedule, store.ByPerson, store.ByRun}
)

// jobs are the metrics of jobs. They are not exported before [Metrics.DefineJobs] is
// called, so a group without jobs has none.
type jobs struct {
	runs       *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	delay      prometheus.Histogram
	processing prometheus.Gauge

	mu      sync.Mutex
	defined bool
	labels  map[string]string // of each job in the file
	// success is when the last completed run ended, of the jobs with a label of their own.
	// It is complete for those in known, as far as the records of the term tell.
	success map[string]time.Time
	known   map[string]bool
	term    int64 // whose holder read them
	read    bool  // something was read in this term
}

func newJobs() *jobs {
	return &jobs{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "understudy_job_runs_total",
			Help: "Runs whose outcome this instance recorded.",
		}, []string{"job", "status", "trigger"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "understudy_job_duration_seconds",
			Help:    "Time from the claim of a run's last attempt to its end, unless its instance went away.",
			Buckets: []float64{.1, .5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600},
		}, []string{"job"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "understudy_job_start_delay_seconds",
			Help:    "Time from when an attempt was due to its claim.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800},
		}),
		processing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "understudy_jobs_processing",
			Help: "Runs that this instance processes now.",
		}),
		labels: map[string]string{}, success: map[string]time.Time{}, known: map[string]bool{},
	}
}

// DefineJobs takes the names of the jobs that this instance can run, in place of those
// before. They are the only names that become labels. Call it when the file of jobs was
// read, also while the instance is passive: a counter has to be at 0 in one scrape before
// an alert notices its first increase.
func (m *Metrics) DefineJobs(names []string) {
	j := m.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	before := j.labels
	j.defined, j.labels = true, map[string]string{}
	for i, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if i >= maxJobs || store.CheckJob(name) != nil {
			j.labels[name] = otherJobs
			continue
		}
		j.labels[name] = name
	}
	for _, label := range j.labels {
		for _, s := range statuses {
			for _, t := range triggers {
				j.runs.WithLabelValues(label, string(s), string(t))
			}
		}
	}
	for name, label := range before {
		if label != otherJobs && !j.own(name) {
			j.runs.DeletePartialMatch(prometheus.Labels{"job": label})
			j.duration.DeleteLabelValues(label)
			delete(j.success, name)
			delete(j.known, name)
		}
	}
}

// own reports whether a job has a label of its own. j.mu must be locked.
func (j *jobs) own(name string) bool {
	label, ok := j.labels[name]
	return ok && label != otherJobs
}

// label returns the label of a job that a record names. j.mu must be locked.
func (j *jobs) label(name string) string {
	if label, ok := j.labels[name]; ok {
		return label
	}
	return otherJobs
}

// RunStarted takes a run whose attempt was claimed and is being started.
func (m *Metrics) RunStarted(r store.Run) {
	if n := len(r.Attempts); n > 0 && !r.Due.IsZero() && !r.Attempts[n-1].From.IsZero() {
		m.jobs.delay.Observe(max(0, r.Attempts[n-1].From.Sub(r.Due)).Seconds())
	}
}

// RunEnded takes a run whose outcome was recorded. Call it once for each outcome. It
// ignores a run that waits for another attempt.
func (m *Metrics) RunEnded(r store.Run) {
	if !r.State.Ended() {
		return
	}
	status, trigger := string(r.State), string(r.Trigger)
	if !slices.Contains(statuses, r.State) {
		status = other
	}
	if !slices.Contains(triggers, r.Trigger) {
		trigger = other
	}
	j := m.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	label := j.label(r.Job)
	j.runs.WithLabelValues(label, status, trigger).Inc()
	if took, ok := duration(r); ok {
		j.duration.WithLabelValues(label).Observe(took.Seconds())
	}
	j.completed(r)
}

// completed notes when a run ended, if it completed. j.mu must be locked.
func (j *jobs) completed(r store.Run) {
	if r.State == store.Completed && j.own(r.Job) && r.EndedAt.After(j.success[r.Job]) {
		j.success[r.Job] = r.EndedAt
	}
}

// duration returns how long the attempt took that gave a run its outcome. Of one whose
// instance went away that is not known. A run that was cancelled while it waited has no
// such attempt, and one that was skipped neither.
func duration(r store.Run) (took time.Duration, ok bool) {
	if len(r.Attempts) == 0 || r.State == store.Exited {
		return 0, false
	}
	last := r.Attempts[len(r.Attempts)-1]
	if string(last.End) != string(r.State) || last.From.IsZero() || last.To.IsZero() {
		return 0, false
	}
	return max(0, last.To.Sub(last.From)), true
}

// RunsActive takes by how many the runs become more or fewer that this instance processes:
// 1 when an attempt begins, and -1 when nothing of it is left.
func (m *Metrics) RunsActive(change int) { m.jobs.processing.Add(float64(change)) }

// inUse reports whether this instance has a file of jobs.
func (j *jobs) inUse() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.defined
}

func (j *jobs) collectors() []prometheus.Collector {
	return []prometheus.Collector{j.runs, j.duration, j.delay, j.processing}
}

// Describe implements [prometheus.Collector].
func (j *jobs) Describe(to chan<- *prometheus.Desc) {
	for _, c := range j.collectors() {
		c.Describe(to)
	}
}

// Collect implements [prometheus.Collector].
func (j *jobs) Collect(to chan<- prometheus.Metric) {
	if !j.inUse() {
		return
	}
	for _, c := range j.collectors() {
		c.Collect(to)
	}
}
