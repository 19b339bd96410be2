package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

const (
	// pruneInterval is how long there is between two steps of pruning, each of one job.
	pruneInterval = 2 * time.Second
	// pruneLimit is how many runs a step deletes at most: a long write locks others out.
	pruneLimit = 100
	// roundEvery is how many of these intervals there are between two rounds.
	roundEvery = 30
	// minAge is how old a run is at least when it is deleted. If the registry's clock went
	// ahead and came back, slots come again: their records are what refuses them.
	minAge = 24 * time.Hour
)

// prune has old runs deleted, of one job after another.
func (m *machine) prune() {
	if m.local < m.pruneAt || !m.clock.settled() || len(m.jobs) == 0 {
		return
	}
	m.pruneAt = m.local + m.pruneEvery
	list := m.sorted()
	m.pruneNext %= len(list)
	j := list[m.pruneNext]
	if j.record.Name == "" {
		m.pruneNext++
		return
	}
	d := m.definition(j.Name)
	before := m.now().Add(-max(m.minAge, d.Missed.Window))
	failedBefore := m.now().Add(-d.Keep.Failed)
	if before.Before(failedBefore) {
		failedBefore = before
	}
	m.ask(request{
		kind: kindPrune, key: store.Key{Group: m.holder.Group, Job: j.Name}, limit: pruneLimit,
		prunable: store.Prunable{Before: before, FailedBefore: failedBefore, Keep: d.Keep.Runs},
	})
}

// prunedRuns takes the answer of a step. If there may be more, the same job goes on.
func (m *machine) prunedRuns(a answer) {
	if a.pruned >= a.request.limit {
		return
	}
	if m.pruneNext++; m.pruneNext >= len(m.jobs) { // to look for what is old has a cost, too
		m.pruneAt = m.local + roundEvery*m.pruneEvery
	}
}
