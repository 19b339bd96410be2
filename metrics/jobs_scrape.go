package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	lastSuccess = prometheus.NewDesc("understudy_job_last_success_timestamp_seconds", "When the last completed run of the job ended. Only the active instance shows it.", []string{"job"}, nil)
	next        = prometheus.NewDesc("understudy_job_next_timestamp_seconds", "The next slot of the job. Only the active instance shows it, and not while the job is paused.", []string{"job"}, nil)
	paused      = prometheus.NewDesc("understudy_job_paused", "1 while the job is paused, else 0. Only the active instance shows it.", []string{"job"}, nil)
	waiting     = prometheus.NewDesc("understudy_jobs_waiting", "Runs that are due and wait. Only the active instance shows it.", []string{"job"}, nil)
	oldest      = prometheus.NewDesc("understudy_jobs_oldest_waiting_seconds", "How long the oldest of the runs has been due that wait. Only the active instance shows it.", nil, nil)
)

// jobsScrape shows, at each scrape, what the records say of the jobs. Only the active
// instance does, so that each is shown once in a group.
type jobsScrape struct {
	source Source
	jobs   *jobs
}

// Describe implements [prometheus.Collector].
func (s jobsScrape) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lastSuccess, next, paused, waiting, oldest} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (s jobsScrape) Collect(to chan<- prometheus.Metric) {
	if s.source.Jobs == nil || !s.jobs.inUse() {
		return
	}
	// A state that was read in another term than the present one is not shown.
	term := s.source.State().Term
	if term <= 0 {
		return
	}
	state, err := s.source.Jobs(context.Background())
	if err != nil || state.Term != term {
		return
	}
	for _, m := range s.jobs.gauges(state) {
		to <- m
	}
}

// gauges returns the state of each job with a label of its own, and of the others in sum.
func (j *jobs) gauges(state JobsState) (list []prometheus.Metric) {
	j.mu.Lock()
	defer j.mu.Unlock()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		list = append(list, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...))
	}
	var most time.Duration
	othersWaiting, othersPaused, others := 0, 0, false
	for name, s := range state.Jobs {
		if s.Waiting > 0 && !s.Oldest.IsZero() {
			most = max(most, state.At.Sub(s.Oldest))
		}
		if !j.own(name) {
			othersWaiting += s.Waiting
		}
	}
	for name, label := range j.labels {
		s := state.Jobs[name]
		if label == otherJobs {
			others = true
			if s.Paused {
				othersPaused++
			}
			continue
		}
		gauge(waiting, float64(s.Waiting), label)
		gauge(paused, number(s.Paused), label)
		if !s.Next.IsZero() {
			gauge(next, seconds(s.Next), label)
		}
		if at := j.success[name]; !at.IsZero() {
			gauge(lastSuccess, seconds(at), label)
		}
	}
	if others {
		gauge(paused, float64(othersPaused), otherJobs)
	}
	if others || othersWaiting > 0 {
		gauge(waiting, float64(othersWaiting), otherJobs)
	}
	gauge(oldest, most.Seconds())
	return list
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
